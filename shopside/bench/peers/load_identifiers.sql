COPY peer_identifier (member_id, kind, value) FROM STDIN
