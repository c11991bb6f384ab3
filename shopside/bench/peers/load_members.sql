COPY peer_member (member_id, above) FROM STDIN
