/**
 * HAProxy in front of several processes (tested with 2.6): the same session goes to the same process,
 * whose memory of the text makes its answers fast; health checks, drain, limits.
 */

import { join } from "@std/path";
import { FIRST_PORT, INSTALLED } from "./standalone.ts";

/** What a request may hold before its session is looked for; longer notes go to any process. */
const BUFFER_BYTES = 256 * 1024;

export interface HaproxyOptions {
  /** Where HAProxy listens. */
  bind: string;
  /** Ports of the processes, on the same machine. */
  ports: readonly number[];
  /** Its socket for commands such as `set server workers/w9001 state drain`. */
  socket: string;
}

/** The text of haproxy.cfg. */
export function haproxyConfig({ bind, ports, socket }: HaproxyOptions): string {
  return `# Written by "deno task deploy --target haproxy".
global
  maxconn 4000
  # The body is read before a process is chosen: its session is in it.
  tune.bufsize ${BUFFER_BYTES}
  stats socket ${socket} mode 600 level admin

defaults
  mode http
  timeout connect 1s
  timeout client 70s
  timeout http-request 10s
  timeout http-keep-alive 60s
  # An answer of /v1/completions may take 60 s.
  timeout server 65s
  # A suggestion that waits for longer is for a text that nobody has any more.
  timeout queue 2s
  retries 2
  option redispatch 1
  # Nothing is written: what a process had not begun to answer may be asked elsewhere.
  retry-on conn-failure empty-response

frontend notes
  # For others than this machine: bind :443 ssl crt /etc/haproxy/certs/ alpn h2,http/1.1
  bind ${bind}
  # Without note texts: the processes write the audit lines.
  option dontlognull
  option http-buffer-request
  http-request deny deny_status 413 if { req.body_size gt 1048576 }
  http-request set-var(txn.session) req.body,json_query('$.session') if METH_POST
  http-request set-var(txn.caller) req.hdr(authorization) if { req.hdr(authorization) -m found }
  http-request set-var(txn.caller) req.hdr(x-api-key) if { req.hdr(x-api-key) -m found }
  http-request set-var-fmt(txn.route) %[var(txn.caller)]%[var(txn.session)] if { var(txn.session) -m found }
  default_backend workers

backend workers
  # Requests without a session go to the processes in turn.
  balance hash var(txn.route)
  hash-type consistent sdbm avalanche
  option httpchk
  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host localhost
  http-check expect status 200
  # A busy process answers a check when its turn comes: slow is not down.
  timeout check 5s
  # Each process computes one thing at a time and keeps at most a hundred waiting itself.
  default-server check inter 1s fall 3 rise 1 maxconn 110 on-marked-down shutdown-sessions
${ports.map((port) => `  server w${port} 127.0.0.1:${port}`).join("\n")}
`;
}

/** Writes haproxy.cfg for the processes of the systemd units; what to do with it comes back. */
export async function writeHaproxy(folder: string, processes: number): Promise<string> {
  const ports = Array.from({ length: processes }, (_, i) => FIRST_PORT + i);
  const socket = "/run/haproxy/admin.sock";
  const config = haproxyConfig({ bind: "127.0.0.1:8787", ports, socket });
  await Deno.writeTextFile(join(folder, "haproxy.cfg"), config);
  return `HAProxy: haproxy -c -f ${INSTALLED}/haproxy.cfg, then add it to /etc/haproxy/haproxy.cfg.
To replace a process without a lost request:
  echo "set server workers/w${FIRST_PORT} state drain" | socat stdio ${socket}
  systemctl restart nano-med-gpt@${FIRST_PORT}
  echo "set server workers/w${FIRST_PORT} state ready" | socat stdio ${socket}`;
}
