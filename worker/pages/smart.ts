/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/**
 * The SMART on FHIR page: launched by the EHR in a frame, it opens the patient's draft discharge
 * summary, completes in it, and saves it as preliminary or hands it back by SMART Web Messaging.
 */

import { oauth2 } from "fhirclient";
import { attach } from "../plugin/mod.ts";
import { type Draft, draftOf, noteOf, searchOf } from "./document_reference.ts";
import { handBack, messagingOf } from "./web_messaging.ts";

type Client = Awaited<ReturnType<typeof oauth2.ready>>;

interface SmartConfig {
  clientId: string;
  servers: string[];
}

/** online_access: the token can be renewed for as long as the user is signed in. */
const SCOPE =
  "launch online_access openid fhirUser patient/Patient.rs patient/DocumentReference.crus " +
  "patient/Patient.read patient/DocumentReference.read patient/DocumentReference.write " +
  "messaging/scratchpad.create messaging/ui.done";

const byId = <E extends HTMLElement>(id: string) => document.getElementById(id) as E;
const say = (text: string) => byId("state").textContent = text;

/** The client after the EHR's authorization; navigates away if that has yet to be asked for. */
async function connect(): Promise<Client> {
  const { clientId, servers }: SmartConfig = await (await fetch("/smart/config.json")).json();
  const iss = new URL(location.href).searchParams.get("iss");
  // Anybody can make a link with an address of his own: only known servers get to see a token.
  if (iss !== null && !servers.some((server) => trimmed(server) === trimmed(iss))) {
    throw new Error(`${iss} is not among this worker's SMART_SERVERS`);
  }
  return await oauth2.init({ clientId, scope: SCOPE, redirectUri: "/smart/launch" });
}

const trimmed = (url: string) => url.replace(/\/$/, "");

/** The newest preliminary discharge summary of the patient, or an empty one. */
async function openDraft(client: Client): Promise<Draft> {
  const bundle = await client.request(searchOf(client.patient.id!));
  return draftOf(bundle, client.patient.id!, client.encounter.id);
}

function tokenOf(client: Client) {
  return async (refused: boolean): Promise<string | undefined> => {
    const state = refused && client.state.tokenResponse?.refresh_token
      ? await client.refresh()
      : client.state;
    return state.tokenResponse?.access_token;
  };
}

async function save(client: Client, draft: Draft, text: string): Promise<Draft> {
  const note = noteOf(draft, text) as Parameters<Client["create"]>[0];
  const saved = draft.id === undefined
    ? await client.create(note)
    : await client.update(note as Parameters<Client["update"]>[0]);
  return { ...draft, id: (saved as { id?: string }).id ?? draft.id };
}

/** Runs `action` for a click on `button`; what went wrong is said, and nothing of the text lost. */
function onClick(button: HTMLButtonElement, done: string, action: () => Promise<void>): void {
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await action();
      say(done);
    } catch (error) {
      say(`Not done: ${(error as Error).message}`);
    } finally {
      button.disabled = false;
    }
  });
}

async function start(): Promise<void> {
  const client = await connect();
  const [patient, opened] = await Promise.all([client.patient.read(), openDraft(client)]);
  let draft = opened;
  const [name] = patient.name ?? [];
  byId("patient").textContent = name?.text ??
    [name?.given?.join(" "), name?.family].filter(Boolean).join(" ");
  const field = byId<HTMLTextAreaElement>("draft");
  field.value = draft.text;
  field.disabled = false;
  attach(field, { endpoint: location.origin, getToken: tokenOf(client) });
  const button = byId<HTMLButtonElement>("save");
  button.disabled = false;
  onClick(button, "Saved as preliminary.", async () => {
    draft = await save(client, draft, field.value);
  });
  const messaging = messagingOf(client.state.tokenResponse ?? {});
  const back = byId<HTMLButtonElement>("hand-back");
  back.hidden = !messaging;
  if (messaging) {
    onClick(back, "Handed back.", () => handBack(messaging, noteOf(draft, field.value)));
  }
  field.focus();
}

start().catch((error) => {
  byId("patient").textContent = "No chart";
  say(`Cannot open the chart: ${error.message}`);
});
