/// <reference lib="dom" />

/** SMART Web Messaging (HL7 FHIR implementation guide, STU 1): the EHR around the frame is told. */

export interface Messaging {
  handle: string;
  origin: string;
  ehr: Window;
}

/** How long the EHR may take to answer. */
const TIMEOUT_MS = 10_000;

/** The way to the EHR, if its token response has opened one. */
export function messagingOf(tokenResponse: object): Messaging | undefined {
  const { smart_web_messaging_handle: handle, smart_web_messaging_origin: origin } =
    tokenResponse as Record<string, string | undefined>;
  const { parent, opener } = globalThis;
  const ehr: Window | null = parent === globalThis.self ? opener : parent;
  return handle && origin && ehr ? { handle, origin, ehr } : undefined;
}

/** Puts `resource` on the EHR's scratchpad, then asks it to close the page. */
export async function handBack(
  messaging: Messaging,
  resource: object,
  onTaken: () => void,
): Promise<void> {
  const { status } = await send(messaging, "scratchpad.create", { resource });
  if (!/^2/.test(String(status))) throw new Error(`the chart answered ${status}`);
  onTaken();
  await send(messaging, "ui.done", { activityType: "note", activityParameters: {} });
}

function send(
  { handle, origin, ehr }: Messaging,
  messageType: string,
  payload: object,
): Promise<{ status?: string }> {
  const messageId = crypto.randomUUID();
  const answered = new AbortController();
  return new Promise<{ status?: string }>((resolve, reject) => {
    const limit = setTimeout(
      () => reject(new Error(`the chart did not answer ${messageType}`)),
      TIMEOUT_MS,
    );
    addEventListener("message", ({ source, origin: from, data }) => {
      if (source !== ehr || from !== origin || data?.responseToMessageId !== messageId) return;
      clearTimeout(limit);
      resolve(data.payload ?? {});
    }, { signal: answered.signal });
    ehr.postMessage({ messageId, messagingHandle: handle, messageType, payload }, origin);
  }).finally(() => answered.abort());
}
