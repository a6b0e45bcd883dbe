import type { SubgraphContext } from '#kit/context.ts';
import { type CreditFile, creditFileRoots } from '#records/creditFile.ts';
import { createHistory, historyFields } from '#records/history.ts';
import { timesOf } from '#records/record.ts';
import { formField, provenanceFields, recordFields, recordRead, recordReference } from '#records/recordFields.ts';
import { pageInfoFields } from '#kit/connection.ts';
import type { SubgraphRuntime } from '#records/subgraph.ts';
import type { CertificateRow, createCertificateRepository } from './repository.ts';

const TYPE = 'Certificate';

export function createResolvers(
  certificates: ReturnType<typeof createCertificateRepository>,
  runtime: SubgraphRuntime,
) {
  const files = creditFileRoots(runtime);
  const history = createHistory(runtime, {
    schema: 'qualification',
    table: 'certificate',
    own: { certificateNo: 'certificate_no', fieldOfWork: 'field_of_work', issuedOn: 'issued_on' },
    classes: {},
  });
  return {
    Query: files.Query,
    CreditFile: {
      ...files.CreditFile,
      certificates: async (file: CreditFile, _: unknown, context: SubgraphContext) =>
        (await certificates.loadOfEntity(context, file)).map((row) => recordRead(context, row, timesOf(file))),
    },
    Certificate: {
      ...recordFields<CertificateRow>(() => TYPE),
      history,
      __resolveReference: recordReference(TYPE, runtime.instants, (context, key) =>
        certificates.loadCertificate(context, key),
      ),
      certificateNo: (row: CertificateRow) => row.certificate_no || null, // blank once erased
      fieldOfWork: (row: CertificateRow) => row.field_of_work,
      issuedOn: (row: CertificateRow) => row.issued_on,
      validUntil: formField('validUntil'),
    },
    PageInfo: pageInfoFields,
    Provenance: provenanceFields,
    ...historyFields,
  };
}
