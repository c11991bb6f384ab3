-- The jobs of all brands that are not finished, the first of each kind: for the worker, which works for every brand.

-- Runs as the owner of the tables, whom row-level security does not bind; what a job is about stays with its brand.
CREATE OR REPLACE FUNCTION jobs_open()
RETURNS TABLE (brand text, kind text, number bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
  SELECT j.brand, j.kind, min(j.number) FROM job j WHERE j.finished_at IS NULL GROUP BY j.brand, j.kind
$$;
