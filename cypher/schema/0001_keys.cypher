// One unique key per kind of node, prefixed by the brand: brand|id for what callers name, brand|token for identifiers.
CREATE CONSTRAINT member_key IF NOT EXISTS FOR (n:Member) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT account_key IF NOT EXISTS FOR (n:Account) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT device_key IF NOT EXISTS FOR (n:Device) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT ip_key IF NOT EXISTS FOR (n:Ip) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT address_key IF NOT EXISTS FOR (n:Address) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT phone_key IF NOT EXISTS FOR (n:Phone) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT payout_account_key IF NOT EXISTS FOR (n:PayoutAccount) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT id_card_key IF NOT EXISTS FOR (n:IdCard) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT union_id_key IF NOT EXISTS FOR (n:UnionId) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT order_key IF NOT EXISTS FOR (n:Order) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT watermark_key IF NOT EXISTS FOR (n:Watermark) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT space_key IF NOT EXISTS FOR (n:Space) REQUIRE n.key IS UNIQUE;
