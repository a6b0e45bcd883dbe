import type { Read } from '#kit/context.ts';
import type { Role } from '#policy/roles.ts';
import { encodeId, recordIdOf } from '#records/record.ts';
import { syntheticUnit } from '#standards/demoOrganisations.ts';
import { composeUscc } from '#standards/uscc.ts';
import { organisationOf, type Reply, startGraph } from '#test/support/graph.ts';
import { type Cells, daysFromNow, know, lines, register } from '#test/support/registered.ts';

// A record by its id, at two times and with the rights of now, and its history; in process and with the subgraphs over
// HTTP.

const subject = organisationOf('SUBJECT').organisation;
const unit = organisationOf('DETERMINING_UNIT').organisation;
const otherUnit = syntheticUnit('44', 'LABOUR').uscc;
const [decidedOn, listedOn] = [daysFromNow(-60), daysFromNow(-50)];

const penalty: Cells = {
  CF_XDR_MC: '示例云帆零售有限公司',
  CF_XDR_SHXYM: subject,
  CF_WSH: '示市监罚〔2026〕1号',
  CF_WFXW: '示例违法',
  CF_SY: '示例事实',
  CF_YJ: '示例依据',
  CF_CFLB: '罚款',
  CF_NR: '示例内容',
  CF_NR_FK: '1.5',
  CF_JDRQ: decidedOn.replaceAll('-', '/'),
  CF_YXQ: daysFromNow(900).replaceAll('-', '/'),
  CF_GSJZQ: daysFromNow(300).replaceAll('-', '/'),
  CF_CFJG: '示例处罚机关',
  CF_CFJGDM: unit,
  CF_SJLY: '示例处罚机关',
  CF_SJLYDM: unit,
  BZ: '示例备注',
  NEWFIELD: '新',
};
const entry: Cells = {
  MD_XDR_MC: '示例云帆零售有限公司',
  MD_XDR_SHXYM: subject,
  MD_LX: 'SAMR_SERIOUS',
  MD_WSH: '示市监列〔2026〕2号',
  MD_LRRQ: listedOn.replaceAll('-', '/'),
  MD_LRSY: '示例事由',
  MD_FLYJ: '示例依据',
  MD_RDJG: '示例认定机关',
  MD_RDJGDM: unit,
  MD_LYDW: '示例认定机关',
  MD_LYDWDM: unit,
  MD_SYFW: '政务共享',
};
const evaluation: Cells = {
  PJ_XDR_MC: '示例云帆零售有限公司',
  PJ_XDR_SHXYM: subject,
  PJ_FA: 'PUBLIC_CREDIT',
  PJ_FABB: '2026',
  PJ_DJ: 'B',
  PJ_FS: '71.5',
  PJ_MF: '100',
  PJ_RQ: daysFromNow(-40).replaceAll('-', '/'),
  PJ_SJJZ: '2026/01/31',
  PJ_YXQZ: '2090/01/01',
  PJ_YY: '示例理由',
  PJ_GXYY: '定期评价',
  PJ_DW: '示例评价机关',
  PJ_DWDM: unit,
  PJ_LYDW: '示例评价机关',
  PJ_LYDWDM: unit,
};

const RECORD = `query ($id: ID!, $validAt: Date, $knownAt: DateTime) {
  record(id: $id, validAt: $validAt, knownAt: $knownAt) {
    __typename id version subject { uscc name } ... on AdministrativeAct { documentNo }
    ... on AdministrativePenalty { fine } ... on NameListEntry { state } ... on Evaluation { grade }
  }
}`;
const HISTORY = `query ($id: ID!, $knownAt: DateTime, $first: Int = 10, $after: Cursor) {
  record(id: $id, knownAt: $knownAt) {
    history(first: $first, after: $after) {
      nodes {
        version digest recordedAt supersededAt validFrom disclosureLevel filingId sourceUnit { uscc }
        withdrawnOn withdrawalReason erasedAt content { name value masked } additionalFields { column value }
      }
      pageInfo { hasNextPage endCursor } totalCount { value }
    }
  }
}`;

/** A graph with a penalty of two versions, an entry and an evaluation of one subject. */
async function startRecords(remote: boolean) {
  const read: Read[] = [];
  const graph = await startGraph({ remote, accessSink: async ({ reads }) => void read.push(...reads) });
  await know(graph, subject);
  await register(graph, 'disclosure', unit, ['penalty']);
  await register(graph, 'namelist', unit, ['name-list']);
  await register(graph, 'evaluation', unit, ['evaluation']);
  const known = async (): Promise<string> => {
    await graph.gateway.sources.refresh();
    return graph.gateway.sources.sealed();
  };
  const unfiled = await known();
  for (const [kind, row] of [
    ['penalty', penalty],
    ['name-list', entry],
    ['evaluation', evaluation],
  ] as const)
    expect(await graph.file(kind, lines([row]), { format: 'NDJSON' })).toMatchObject({ added: 1 });
  const first = await known();
  const { body } = await graph.query(
    'NATIONAL_CENTRE',
    `query ($uscc: USCC!) {
      creditFile(uscc: $uscc) {
        administrativeActs(first: 9) { nodes { id } } nameListEntries(first: 9) { nodes { id } }
        evaluations { id }
      }
    }`,
    { uscc: subject },
  );
  const file = (
    body.data as {
      creditFile: {
        administrativeActs: { nodes: [{ id: string }] };
        nameListEntries: { nodes: [{ id: string }] };
        evaluations: [{ id: string }];
      };
    }
  ).creditFile;
  const [penaltyId, entryId, evaluationId] = [
    file.administrativeActs.nodes[0].id,
    file.nameListEntries.nodes[0].id,
    file.evaluations[0].id,
  ];
  expect(await graph.file('penalty', lines([{ ...penalty, CF_NR_FK: '2' }]), { format: 'NDJSON' })).toMatchObject({
    corrected: 1,
  });
  const record = async (role: Role, variables: Record<string, unknown>, text = RECORD): Promise<Reply['body']> =>
    (await graph.query(role, text, variables)).body;
  return { graph, read, known, record, penaltyId, entryId, evaluationId, unfiled, first };
}

const modes = { 'in process': false, 'over HTTP': true } as const;
type Mode = keyof typeof modes;
const MODES = Object.keys(modes) as Mode[];
type Records = Awaited<ReturnType<typeof startRecords>>;
const started = new Map<Mode, Records>();
/** Started before the first test. */
const recordsOf = (mode: Mode): Records => started.get(mode) as Records;

beforeAll(async () => {
  for (const mode of MODES) started.set(mode, await startRecords(modes[mode]));
}, 120_000);
afterAll(async () => {
  for (const { graph } of started.values()) await graph[Symbol.asyncDispose]();
});

const field = (name: string, value: unknown) => ({ name, value, masked: false });

describe.each(MODES)('a record by its id, %s', (mode) => {
  test('a record of any subgraph is found by its id, with fields of its type and of other subgraphs', async () => {
    const { record, penaltyId, entryId, evaluationId } = recordsOf(mode);
    const about = { subject: { uscc: subject, name: '示例云帆零售有限公司' } };
    expect(await record('NATIONAL_CENTRE', { id: penaltyId })).toEqual({
      data: {
        record: {
          __typename: 'AdministrativePenalty',
          id: penaltyId,
          version: 2,
          ...about,
          documentNo: penalty['CF_WSH'],
          fine: '2000000',
        },
      },
      extensions: { completeness: { status: 'COMPLETE', missing: [] } },
    });
    expect(await record('NATIONAL_CENTRE', { id: entryId })).toEqual({
      data: { record: { __typename: 'NameListEntry', id: entryId, version: 1, ...about, state: 'LISTED' } },
      extensions: { completeness: { status: 'COMPLETE', missing: [] } },
    });
    expect(await record('NATIONAL_CENTRE', { id: evaluationId })).toEqual({
      data: { record: { __typename: 'Evaluation', id: evaluationId, version: 1, ...about, grade: 'B' } },
      extensions: { completeness: { status: 'COMPLETE', missing: [] } },
    });
  });

  test('a correction is not there before it was recorded, and a record not before the day that it is of', async () => {
    const { record, penaltyId, unfiled, first } = recordsOf(mode);
    const fine = async (variables: Record<string, unknown>) => {
      const { data, errors } = await record('PUBLIC', { id: penaltyId, ...variables });
      const found = data?.['record'] as { version: number; fine: string } | null;
      return found ? [found.version, found.fine] : errors?.map(({ extensions }) => extensions['code']);
    };
    expect(await fine({})).toEqual([2, '2000000']);
    expect(await fine({ knownAt: first })).toEqual([1, '1500000']);
    expect(await fine({ knownAt: first, validAt: decidedOn })).toEqual([1, '1500000']);
    expect(await fine({ knownAt: unfiled })).toEqual(['NOT_FOUND']);
    expect(await fine({ validAt: daysFromNow(-61) })).toEqual(['NOT_FOUND']);
    expect(await fine({ knownAt: daysFromNow(2) + 'T00:00:00.000Z' })).toEqual(['KNOWN_AT_TOO_LATE']);
  });
});

describe.each(MODES)('a record that is asked for, %s', (mode) => {
  test('an unknown, malformed or hidden id is answered in the same bytes, whatever is selected', async () => {
    const { graph, penaltyId, entryId } = recordsOf(mode);
    const unknown = encodeId('AdministrativePenalty', subject, recordIdOf('PENALTY', 'none'));
    const forbidden = entryId;
    const wrongType = encodeId(
      'AdministrativeLicence',
      subject,
      Buffer.from(penaltyId, 'base64url').toString().split(':')[2] ?? '',
    );
    const notRecords = [
      encodeId('CreditFile', subject, recordIdOf('x')),
      'no id',
      '',
      `${penaltyId}=`,
      'AdministrativePenalty',
      encodeId('__proto__', subject, recordIdOf('x')),
    ];
    for (const selection of [
      'id',
      '__typename',
      'version id',
      'id ... on NameListEntry { state }',
      'subject { name }',
    ]) {
      const answers = await Promise.all(
        [unknown, forbidden, wrongType, ...notRecords].map(
          async (id) =>
            (await graph.query('PUBLIC', `query ($id: ID!) { r: record(id: $id) { ${selection} } }`, { id })).text,
        ),
      );
      expect(new Set(answers).size).toBe(1);
      expect(JSON.parse(answers[0] ?? '')).toEqual({
        data: { r: null },
        errors: [{ message: 'This record is not known here.', path: ['r'], extensions: { code: 'NOT_FOUND' } }],
        extensions: { completeness: { status: 'COMPLETE', missing: [] } },
      });
    }
  });

  test('who may read no records is denied the field, and who says no purpose is asked for one', async () => {
    const { graph, record, penaltyId } = recordsOf(mode);
    const { errors } = await record('OPERATOR', { id: penaltyId });
    expect(errors).toEqual([
      { message: expect.any(String), path: ['record'], extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } },
    ]);
    const { body } = await graph.query('AUDITOR', RECORD, { id: penaltyId }, { purpose: null });
    expect(body.errors).toEqual([
      { message: expect.any(String), path: ['record'], extensions: { code: 'PURPOSE_REQUIRED' } },
    ]);
  });
});

describe.each(MODES)('the times and pages of a record, %s', (mode) => {
  test('a record says for which times it is described: those asked for, and in a list those of the file', async () => {
    const { record, penaltyId, entryId, evaluationId, first } = recordsOf(mode);
    const times = `id validAt knownAt`;
    const asked = { validAt: daysFromNow(-7), knownAt: first };
    const list = `query ($uscc: USCC!, $validAt: Date, $knownAt: DateTime) {
      creditFile(uscc: $uscc, validAt: $validAt, knownAt: $knownAt) {
        administrativeActs(first: 1) { nodes { ${times} } }
        nameListEntries(first: 1) { nodes { ${times} } }
        evaluations { ${times} }
      }
      nameListEntries(filter: {}, first: 1, validAt: $validAt, knownAt: $knownAt) { nodes { ${times} } }
    }`;
    const { data } = await record('NATIONAL_CENTRE', { uscc: subject, ...asked }, list);
    expect(data).toEqual({
      creditFile: {
        administrativeActs: { nodes: [{ id: penaltyId, ...asked }] },
        nameListEntries: { nodes: [{ id: entryId, ...asked }] },
        evaluations: [{ id: evaluationId, ...asked }],
      },
      nameListEntries: { nodes: [{ id: entryId, ...asked }] },
    });
    expect(
      (
        await record(
          'PUBLIC',
          { id: penaltyId, ...asked },
          `query ($id: ID!, $validAt: Date, $knownAt: DateTime) {
            record(id: $id, validAt: $validAt, knownAt: $knownAt) { ${times} }
          }`,
        )
      ).data,
    ).toEqual({ record: { id: penaltyId, ...asked } });
    const { data: now } = await record(
      'PUBLIC',
      { id: penaltyId },
      `query ($id: ID!) { record(id: $id) { ${times} } }`,
    );
    expect(now).toEqual({
      record: { id: penaltyId, validAt: daysFromNow(0), knownAt: expect.stringMatching(/^20\d\d-.*Z$/) },
    });
  });

  test('pages of a history follow each other, and a cursor of another record or another instant is none', async () => {
    const { record, known, penaltyId, entryId, first } = recordsOf(mode);
    const { data } = await record('NATIONAL_CENTRE', { id: penaltyId, first: 1, knownAt: await known() }, HISTORY);
    const page = (
      (data ?? {})['record'] as {
        history: { nodes: { version: number }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
      }
    ).history;
    expect([page.nodes.map(({ version }) => version), page.pageInfo.hasNextPage]).toEqual([[2], true]);
    const at = await known();
    const again = (await record('NATIONAL_CENTRE', { id: penaltyId, first: 1, knownAt: at }, HISTORY)).data as {
      record: { history: { pageInfo: { endCursor: string } } };
    };
    const after = again.record.history.pageInfo.endCursor;
    expect(
      (await record('NATIONAL_CENTRE', { id: penaltyId, first: 1, knownAt: at, after }, HISTORY)).data,
    ).toMatchObject({ record: { history: { nodes: [{ version: 1 }], pageInfo: { hasNextPage: false } } } });
    for (const variables of [
      { id: entryId, knownAt: at },
      { id: penaltyId, knownAt: first },
    ])
      expect((await record('NATIONAL_CENTRE', { ...variables, after }, HISTORY)).errors).toMatchObject([
        { path: ['record', 'history'], extensions: { code: 'BAD_CURSOR' } },
      ]);
    expect((await record('AUDITOR', { id: penaltyId, knownAt: at, after }, HISTORY)).errors).toMatchObject([
      { extensions: { code: 'BAD_CURSOR' } },
    ]);
  });
});

describe.each(MODES)('the history of a record, %s', (mode) => {
  test('a history has every version, newest first, with its content, recording and supersession', async () => {
    const { record, penaltyId } = recordsOf(mode);
    const { data, errors } = await record('NATIONAL_CENTRE', { id: penaltyId }, HISTORY);
    expect(errors).toBeUndefined();
    const { history } = (data ?? {})['record'] as {
      history: {
        nodes: {
          version: number;
          digest: string;
          recordedAt: string;
          supersededAt: string | null;
          content: { name: string; value: string; masked: boolean }[];
        }[];
      };
    };
    const [second, firstVersion] = history.nodes;
    const whole = {
      validFrom: decidedOn,
      disclosureLevel: 'PUBLIC',
      filingId: expect.any(String),
      sourceUnit: { uscc: unit },
      withdrawnOn: null,
      withdrawalReason: null,
      erasedAt: null,
      additionalFields: [{ column: 'NEWFIELD', value: '新' }],
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      recordedAt: expect.any(String),
      content: expect.any(Array),
    };
    expect(history).toEqual({
      nodes: [
        { ...whole, version: 2, supersededAt: null },
        { ...whole, version: 1, supersededAt: second?.recordedAt },
      ],
      pageInfo: { hasNextPage: false, endCursor: expect.any(String) },
      totalCount: { value: 2 },
    });
    expect(second?.digest).not.toBe(firstVersion?.digest);
    expect(
      second?.content.filter(({ name }) => ['fineFen', 'documentNo', 'remark', 'violation'].includes(name)),
    ).toEqual([
      field('documentNo', penalty['CF_WSH']),
      field('fineFen', '2000000'),
      field('remark', '示例备注'),
      field('violation', '示例违法'),
    ]);
    expect(firstVersion?.content.find(({ name }) => name === 'fineFen')).toEqual(field('fineFen', '1500000'));
  });

  test('a history is as it was known: without later versions, and what they superseded stands', async () => {
    const { record, penaltyId, first } = recordsOf(mode);
    const { data } = await record('NATIONAL_CENTRE', { id: penaltyId, knownAt: first }, HISTORY);
    expect(data).toMatchObject({
      record: { history: { nodes: [{ version: 1, supersededAt: null }], totalCount: { value: 1 } } },
    });
  });
});

describe.each(MODES)('who reads a history, %s', (mode) => {
  test('histories are for subject, province, sector, deciding unit, auditors and the centre alone', async () => {
    const { graph, penaltyId } = recordsOf(mode);
    const sees = async (role: Role, token?: string): Promise<unknown> => {
      const { body } = await graph.query(
        role,
        'query ($id: ID!) { record(id: $id) { version history(first: 1) { totalCount { value } } } }',
        { id: penaltyId },
        token ? { token } : {},
      );
      const found = body.data?.['record'] as { version: number; history: { totalCount: { value: number } } | null };
      return (
        found.history?.totalCount.value ?? [
          found.version,
          body.errors?.map(({ path, extensions }) => [path?.join('.'), extensions['code']]),
        ]
      );
    };
    const denied = [2, [['record.history', 'UNAUTHORIZED_FIELD_OR_TYPE']]];
    for (const role of ['SUBJECT', 'PROVINCIAL_PLATFORM', 'DETERMINING_UNIT', 'AUDITOR', 'NATIONAL_CENTRE'] as const)
      expect([role, await sees(role)]).toEqual([role, 2]);
    for (const role of [
      'PUBLIC',
      'IMPLEMENTER',
      'FINANCIAL_INSTITUTION',
      'CREDIT_SERVICE_AGENCY',
      'INDUSTRY_ASSOCIATION',
      'ASSESSOR',
    ] as const)
      expect([role, await sees(role)]).toEqual([role, denied]);
    await graph.sql(
      `insert into gateway.grant (id, organisation, role, valid_from, granted_by)
        values (gen_random_uuid(), $1, 'DETERMINING_UNIT', now() - interval '1 minute', 'test'),
          (gen_random_uuid(), $2, 'SUBJECT', now() - interval '1 minute', 'test')`,
      [otherUnit, composeUscc('91330106', 'MA0EEE71')],
    );
    expect(
      await sees(
        'DETERMINING_UNIT',
        graph.issuer.token({ role: 'DETERMINING_UNIT', organisation: otherUnit, purposes: ['SUPERVISION'] }),
      ),
    ).toEqual(denied);
    expect(
      await sees(
        'SUBJECT',
        graph.issuer.token({
          role: 'SUBJECT',
          organisation: composeUscc('91330106', 'MA0EEE71'),
          purposes: ['OWN_FILE'],
        }),
      ),
    ).toEqual(denied);
  });

  test('a field that the viewer may not see of the record is not shown by its history either', async () => {
    const { record, evaluationId } = recordsOf(mode);
    const content = async (role: Role): Promise<unknown> => {
      const { data } = await record(role, { id: evaluationId }, HISTORY);
      return (
        data as { record: { history: { nodes: { content: { name: string }[] }[] } } }
      ).record.history.nodes[0]?.content.filter(({ name }) => ['grade', 'score', 'reasons'].includes(name));
    };
    expect(await content('NATIONAL_CENTRE')).toEqual([
      field('grade', 'B'),
      field('reasons', '["示例理由"]'),
      field('score', '71.5'),
    ]);
    expect(await content('DETERMINING_UNIT')).toEqual([
      field('grade', 'B'),
      { name: 'reasons', value: null, masked: true },
      { name: 'score', value: null, masked: true },
    ]);
  });
});

describe.each(MODES)('what is noted and what stays, %s', (mode) => {
  test('reading a history is a read of each version; reading a published record by id is none', async () => {
    const { record, read, penaltyId, entryId } = recordsOf(mode);
    read.length = 0;
    await record('AUDITOR', { id: penaltyId }, 'query ($id: ID!) { record(id: $id) { id } }');
    expect(read).toEqual([]);
    await record(
      'AUDITOR',
      { id: penaltyId },
      'query ($id: ID!) { record(id: $id) { history(first: 1) { nodes { version } } } }',
    );
    const [, , recordId] = Buffer.from(penaltyId, 'base64url').toString().split(':');
    expect(read).toEqual([{ uscc: subject, record: recordId, version: 2, dataClass: 'HISTORY' }]);
    read.length = 0;
    await record('AUDITOR', { id: entryId }, 'query ($id: ID!) { record(id: $id) { id } }');
    expect(read).toEqual([{ uscc: subject, record: expect.any(String), version: 1, dataClass: 'RECORD' }]);
  });

  test('a withdrawn record stays with its subject, unit and the auditor at all times, with its reason', async () => {
    const { graph, record, penaltyId, first } = recordsOf(mode);
    const version = `query ($id: ID!, $knownAt: DateTime) {
      record(id: $id, knownAt: $knownAt) {
        version
        history(first: 1) { nodes { withdrawnOn withdrawalReason } }
      }
    }`;
    await graph.sql(`update disclosure.act set withdrawn_on = $1, withdrawal_reason = '复议撤销'`, [daysFromNow(-1)]);
    for (const role of ['SUBJECT', 'DETERMINING_UNIT', 'AUDITOR'] as const)
      expect([role, (await record(role, { id: penaltyId, knownAt: first }, version)).data]).toEqual([
        role,
        {
          record: { version: 1, history: { nodes: [{ withdrawnOn: daysFromNow(-1), withdrawalReason: '复议撤销' }] } },
        },
      ]);
    for (const role of ['PUBLIC', 'NATIONAL_CENTRE', 'PROVINCIAL_PLATFORM', 'FINANCIAL_INSTITUTION'] as const)
      for (const variables of [{}, { knownAt: first }])
        expect((await record(role, { id: penaltyId, ...variables })).errors).toMatchObject([
          { extensions: { code: 'NOT_FOUND' } },
        ]);
    await graph.sql(`update disclosure.act set withdrawn_on = null, withdrawal_reason = null`);
  });
});

test('while its source is down a record is null and the answer partial: it never looks unknown', async () => {
  await using graph = await startGraph({ absent: ['disclosure'] });
  const id = encodeId('AdministrativePenalty', subject, recordIdOf('PENALTY', 'any'));
  for (const selection of [
    'id',
    'version',
    'id version subject { name }',
    '__typename ... on NameListEntry { state }',
  ]) {
    const { body } = await graph.query('PUBLIC', `query ($id: ID!) { record(id: $id) { ${selection} } }`, { id });
    expect(body).toEqual({
      data: { record: null },
      errors: [
        {
          message: 'The disclosure source is unavailable.',
          path: ['record'],
          extensions: { code: 'SUBGRAPH_UNAVAILABLE', source: 'disclosure', retryable: true },
        },
      ],
      extensions: { completeness: { status: 'PARTIAL', missing: [{ source: 'disclosure', paths: ['record'] }] } },
    });
  }
  const { body } = await graph.query('PUBLIC', 'query ($id: ID!) { record(id: $id) { id } }', {
    id: encodeId('NameListEntry', subject, recordIdOf('NAME_LIST', 'any')),
  });
  expect(body).toEqual({
    data: { record: null },
    errors: [{ message: 'This record is not known here.', path: ['record'], extensions: { code: 'NOT_FOUND' } }],
    extensions: { completeness: { status: 'COMPLETE', missing: [] } },
  });
});
