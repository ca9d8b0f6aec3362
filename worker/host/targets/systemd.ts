/** Units of systemd: one process for each port, started again when it ends. */

import { join } from "@std/path";
import { FIRST_PORT, INSTALLED } from "./standalone.ts";

/** `nano-med-gpt@9001` listens on port 9001. It can read its own folder and nothing else. */
const UNIT = `[Unit]
Description=Nano Med GPT, autocomplete for clinical notes, on port %i
After=network-online.target
Wants=network-online.target
PartOf=nano-med-gpt.target

[Service]
ExecStart=${INSTALLED}/workerd serve ${INSTALLED}/workerd.capnp --socket-addr=http=127.0.0.1:%i
EnvironmentFile=${INSTALLED}/settings.env
DynamicUser=yes
Restart=always
RestartSec=1
# SIGTERM lets requests that were begun end.
TimeoutStopSec=65
MemoryMax=512M
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
LimitCORE=0

[Install]
WantedBy=nano-med-gpt.target
`;

/** Writes the units; how to install them is what comes back. */
export async function writeSystemd(folder: string, processes: number): Promise<string> {
  await Deno.writeTextFile(join(folder, "nano-med-gpt@.service"), UNIT);
  const instances = Array.from(
    { length: processes },
    (_, i) => `nano-med-gpt@${FIRST_PORT + i}.service`,
  );
  await Deno.writeTextFile(
    join(folder, "nano-med-gpt.target"),
    `[Unit]
Description=Nano Med GPT, ${processes} ${processes === 1 ? "process" : "processes"}
Wants=${instances.join(" ")}

[Install]
WantedBy=multi-user.target
`,
  );
  return `Copy ${folder} to ${INSTALLED} on the machine, its settings.env readable by root alone, then:
  cp ${INSTALLED}/nano-med-gpt* /etc/systemd/system/
  systemctl daemon-reload && systemctl enable --now nano-med-gpt.target`;
}
