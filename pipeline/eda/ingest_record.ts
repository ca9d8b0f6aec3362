/** The parts of ingest.json that the report repeats: where the notes came from and what was done. */
export interface IngestRecord {
  inputs: {
    name: string;
    format: string;
    bytes: number;
    sha256: string | null;
    kept: number;
    rejected: number;
  }[];
  notes: { read: number; kept: number; rejected: number };
  split_rule: string;
  repairs: Record<string, { notes: number; what: string }>;
  notes_with_lost_characters: number;
  rejected_by_reason: Record<string, number>;
}
