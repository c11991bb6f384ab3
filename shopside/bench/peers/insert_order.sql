INSERT INTO peer_order (order_id, buyer_id, paid_fen, paid_at) VALUES (%(order_id)s, %(buyer_id)s, %(paid_fen)s, %(paid_at)s)
