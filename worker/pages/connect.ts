/// <reference lib="dom" />

/** The EHR's authorization: whose chart the page was launched for, and the token to read it. */

import { oauth2 } from "fhirclient";
import type { Launch } from "./document_reference.ts";
import { FhirServer } from "./fhir.ts";
import { formatOf } from "./note_text.ts";
import { recordScopes } from "./record.ts";
import { type Messaging, messagingOf } from "./web_messaging.ts";

interface SmartConfig {
  clientId: string;
  servers: string[];
  format?: string;
  custodian?: string;
}

/** What a launch gives to the page. */
export interface Connection {
  fhir: FhirServer;
  launch: Launch;
  /** Renews the token if it was refused. */
  getToken(refused: boolean): Promise<string | undefined>;
  /** The way back to the EHR around the frame, if it has opened one. */
  messaging: Messaging | undefined;
  /** Scopes that were granted, as the EHR tells them; undefined means all that were asked for. */
  scope: string | undefined;
}

/** online_access: the token can be renewed for as long as the user is signed in. */
const SCOPE =
  "launch online_access openid fhirUser patient/Patient.rs patient/DocumentReference.crus " +
  "patient/Binary.rs patient/Encounter.rs " +
  "patient/Patient.read patient/DocumentReference.read patient/DocumentReference.write " +
  "patient/Binary.read patient/Encounter.read messaging/scratchpad.create messaging/ui.done";

/** Navigates away if the authorization has yet to be asked for. */
export async function connect(): Promise<Connection> {
  const config: SmartConfig = await (await fetch("/smart/config.json")).json();
  const { format = "text/plain" } = config;
  if (formatOf(format) !== format) {
    throw new Error(
      `SMART_FORMAT is ${format}, expected text/plain or application/xhtml+xml`,
    );
  }
  const iss = new URL(location.href).searchParams.get("iss");
  // Anybody can make a link with an address of his own: only known servers get to see a token.
  if (iss !== null && !config.servers.some((server) => trimmed(server) === trimmed(iss))) {
    throw new Error(`${iss} is not among this worker's SMART_SERVERS`);
  }
  const client = await oauth2.init({
    clientId: config.clientId,
    scope: [SCOPE, ...recordScopes].join(" "),
    redirectUri: "/smart/launch",
  });
  if (!client.patient.id) throw new Error("the EHR has launched the page without a patient");
  const getToken = async (refused: boolean) => {
    const state = refused && client.state.tokenResponse?.refresh_token
      ? await client.refresh()
      : client.state;
    return state.tokenResponse?.access_token;
  };
  const fhir = new FhirServer(client.state.serverUrl, getToken);
  const encounter = client.encounter.id ?? undefined;
  return {
    fhir,
    getToken,
    scope: client.state.tokenResponse?.scope,
    messaging: messagingOf(client.state.tokenResponse ?? {}),
    launch: {
      patient: client.patient.id,
      encounter,
      user: client.user.fhirUser ?? undefined,
      custodian: await providerOf(fhir, encounter) ?? config.custodian,
      format,
    },
  };
}

const trimmed = (url: string) => url.replace(/\/$/, "");

/** The organization that the stay is at; a server that does not tell costs the note nothing. */
async function providerOf(fhir: FhirServer, encounter?: string): Promise<string | undefined> {
  if (encounter === undefined) return;
  try {
    const { serviceProvider } = await fhir.read(`Encounter/${encounter}`);
    return serviceProvider?.reference;
  } catch {
    return;
  }
}
