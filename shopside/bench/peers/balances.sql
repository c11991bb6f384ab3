SELECT member_id, balance_fen FROM peer_member WHERE balance_fen <> 0
