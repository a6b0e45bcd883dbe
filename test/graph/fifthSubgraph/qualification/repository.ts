import { createSharedLoader } from '#kit/batches.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { type Pool, query, statement } from '#kit/postgres/pool.ts';
import { believedAt, recordColumns, type RecordRow, type Times } from '#records/record.ts';
import {
  type Asked,
  byPosition,
  createRecordLoader,
  groupOf,
  type Positioned,
  sharedValues,
} from '#records/recordBatches.ts';
import { rowParameters, rowPredicate } from '#policy/rows.ts';

/** A certificate, as stated by one version. */
export interface CertificateRow extends RecordRow {
  readonly certificate_no: string;
  readonly field_of_work: string;
  readonly issued_on: string;
}

const MAX_CERTIFICATES = 100;

const columns = `${recordColumns('certificate')}, certificate.certificate_no, certificate.field_of_work,
            certificate.issued_on`;

// $1 codes · $2 validAt · $3 knownAt · $4… the viewer's rows
const ofEntity = statement(
  'qualification.of_entity',
  `select ask.position, certificate.*
   from unnest($1::text[]) with ordinality as ask(uscc, position)
   cross join lateral (
     select ${columns}
     from qualification.certificate
     where certificate.uscc = ask.uscc
      and certificate.issued_on <= $2::date
      and ${believedAt('certificate', '$3::timestamptz')}
      and ${rowPredicate('certificate', 4)}
     order by certificate.issued_on desc, certificate.record_id desc
     limit ${MAX_CERTIFICATES}
   ) certificate
   order by ask.position, certificate.issued_on desc, certificate.record_id desc`,
);

const byId = statement(
  'qualification.by_id',
  `select ask.position, certificate.*
   from unnest($1::text[], $2::uuid[], $3::date[], $4::timestamptz[])
     with ordinality as ask(uscc, record_id, valid_at, known_at, position)
   cross join lateral (
     select ${columns}
     from qualification.certificate
     where certificate.uscc = ask.uscc
      and certificate.record_id = ask.record_id
      and certificate.issued_on <= ask.valid_at
      and ${believedAt('certificate', 'ask.known_at')}
      and ${rowPredicate('certificate', 5, 5 + rowParameters)}
     limit 1
   ) certificate
   order by ask.position`,
);

export function createCertificateRepository(pool: Pool) {
  const listed = createSharedLoader<Asked<Times & { uscc: string }>, CertificateRow[]>(
    (asked) => groupOf(asked),
    async (asks) =>
      byPosition(await query<Positioned<CertificateRow>>(pool, ofEntity, sharedValues(asks)), asks.length),
  );
  const single = createRecordLoader<CertificateRow>(pool, byId);
  return {
    loadOfEntity: (context: SubgraphContext, ask: Times & { uscc: string }) => listed({ context, ask }),
    loadCertificate: (context: SubgraphContext, ask: Times & { uscc: string; recordId: string }) =>
      single({ context, ask }),
  };
}
