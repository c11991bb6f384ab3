// Identifiers of the first model had a unique key per kind. Nothing looks for them by these any more: a graph of that
// model is read from its members until it is made anew, and then deleted from them too.
DROP CONSTRAINT device_key IF EXISTS;
DROP CONSTRAINT ip_key IF EXISTS;
DROP CONSTRAINT address_key IF EXISTS;
DROP CONSTRAINT phone_key IF EXISTS;
DROP CONSTRAINT payout_account_key IF EXISTS;
DROP CONSTRAINT id_card_key IF EXISTS;
DROP CONSTRAINT union_id_key IF EXISTS;
