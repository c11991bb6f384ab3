-- How consumers get on, over all brands: counts alone, so that a reader of metrics learns nothing of any brand.

CREATE INDEX set_aside_waiting ON set_aside (brand, consumer) WHERE replayed_by IS NULL;

-- Runs as the owner of the tables, whom row-level security does not bind.
CREATE FUNCTION consumer_health()
RETURNS TABLE (consumer text, lag bigint, set_aside bigint, troubled bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
  SELECT w.consumer,
         sum(greatest(h.seq - w.seq, 0))::bigint,
         (SELECT count(*) FROM set_aside a WHERE a.consumer = w.consumer AND a.replayed_by IS NULL),
         (SELECT count(*) FROM consumer_trouble t WHERE t.consumer = w.consumer)
  FROM watermark w JOIN log_head h ON h.brand = w.brand
  GROUP BY w.consumer
$$;
