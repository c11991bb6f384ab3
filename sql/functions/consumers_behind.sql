-- Which consumers have something to do for which brands: for the worker, which works for every brand.

-- Runs as the owner of the tables, whom row-level security does not bind; it tells no more than that there is work.
CREATE OR REPLACE FUNCTION consumers_behind(consumers text[])
RETURNS TABLE (brand text, consumer text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
  SELECT h.brand, asked.consumer
  FROM log_head h
  CROSS JOIN unnest(consumers) AS asked (consumer)
  LEFT JOIN watermark w ON w.brand = h.brand AND w.consumer = asked.consumer
  LEFT JOIN consumer_trouble t ON t.brand = h.brand AND t.consumer = asked.consumer
  WHERE h.seq > coalesce(w.seq, 0) OR t.brand IS NOT NULL
$$;
