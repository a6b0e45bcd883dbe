import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { createViewer, type Viewer } from '#policy/viewer.ts';
import { createIssuer, organisationOf, type TestIssuer } from '#test/support/graph.ts';

// Who reads credit files in the rows: a bank with a grant, a token and a purpose.

const BANK = 'FINANCIAL_INSTITUTION';
const PURPOSE = 'CREDIT_GRANTING';

export interface Bank extends AsyncDisposable {
  /** For ours.ts, which trusts the issuer, and without guards takes everybody for this bank. */
  readonly given: { readonly dataDir: string; readonly viewer: Viewer };
  readonly headers: Readonly<Record<string, string>>;
}

export async function openBank(databaseUrl: string): Promise<Bank> {
  const issuer = await createIssuer();
  await letBankRead(databaseUrl);
  return { ...bankOf(issuer), [Symbol.asyncDispose]: () => issuer[Symbol.asyncDispose]() };
}

/** The bank, with a token that was signed now. */
export function bankOf(issuer: TestIssuer): Pick<Bank, 'given' | 'headers'> {
  const { organisation } = organisationOf(BANK);
  return {
    given: {
      dataDir: issuer.dataDir,
      viewer: createViewer({
        role: BANK,
        organisation,
        province: null,
        sector: null,
        purposes: [PURPOSE],
        purpose: PURPOSE,
        tokenId: 'bench',
      }),
    },
    headers: {
      authorization: `Bearer ${issuer.token({ role: BANK, organisation, purposes: [PURPOSE] })}`,
      'x-purpose': PURPOSE,
    },
  };
}

/** Gives the bank its grant. */
export async function letBankRead(url: string): Promise<void> {
  const { organisation } = organisationOf(BANK);
  const connection = new pg.Client({ connectionString: url });
  await connection.connect();
  try {
    await connection.query('delete from gateway.grant where organisation = $1', [organisation]);
    await connection.query(
      `insert into gateway.grant (id, organisation, role, valid_from, granted_by) values ($1, $2, $3, now() - interval '1 minute', 'bench')`,
      [randomUUID(), organisation, BANK],
    );
  } finally {
    await connection.end();
  }
}
