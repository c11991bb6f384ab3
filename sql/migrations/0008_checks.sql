-- What a decision was made on, so that a paid order can be compared with what its check saw.

ALTER TABLE decision ADD COLUMN saw jsonb;      -- buyer, promoter, amount, tokens by kind; null: decided before it was kept
ALTER TABLE decision ADD COLUMN differs jsonb;  -- {decision_id, fields}: the check it was compared with, and what was not the same
