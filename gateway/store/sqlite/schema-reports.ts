/** Reports on messages that were taken: a message ends once, so what is known later stands beside it. */
export const reportsSchema = (appendOnly: (table: string) => string): string => `
  CREATE TABLE delivery_reports (
    delivery TEXT PRIMARY KEY REFERENCES deliveries,
    outcome TEXT NOT NULL CHECK (outcome IN ('delivered', 'failed')),
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  ${appendOnly('delivery_reports')}`;
