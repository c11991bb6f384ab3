-- name:    core/notice_dead_peer
-- does:    Let the server notice within seconds that the machine at the other end is gone, and give its locks free.
-- mode:    write
-- params:  idle_seconds: str, probe_seconds: str, probes: str
-- returns: nothing
-- bound:   one statement
SELECT set_config('tcp_keepalives_idle', %(idle_seconds)s, false),
       set_config('tcp_keepalives_interval', %(probe_seconds)s, false),
       set_config('tcp_keepalives_count', %(probes)s, false);
