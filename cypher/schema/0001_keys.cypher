// One unique key per kind of node, prefixed by the space: space|id for what callers name, space|token for identifiers.
CREATE CONSTRAINT member_key IF NOT EXISTS FOR (n:Member) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT account_key IF NOT EXISTS FOR (n:Account) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT identifier_key IF NOT EXISTS FOR (n:Identifier) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT order_key IF NOT EXISTS FOR (n:Order) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT watermark_key IF NOT EXISTS FOR (n:Watermark) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT space_key IF NOT EXISTS FOR (n:Space) REQUIRE n.key IS UNIQUE;
