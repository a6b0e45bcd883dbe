import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPool } from '#kit/postgres/pool.ts';
import { serveBench } from '#test/bench/worker.ts';

// The peer of row 4: what somebody would write by hand who wants this one answer as fast as it goes. One named statement that
// gives ready JSON, and a bare HTTP server that hands it on. It knows one viewer, the public, and batches nothing.

const { url } = JSON.parse(process.argv[2] ?? '') as { url: string }; // given by rows.ts

const visible = (
  alias: string,
): string => `${alias}.recorded_at <= $3::timestamptz and ${alias}.superseded_at > $3::timestamptz
        and ${alias}.disclosure_level = 'PUBLIC' and ${alias}.withdrawn_on is null and ${alias}.public_from <= current_date and ${alias}.public_until >= current_date`;

const file = (code: string): string => `json_build_object(
    'uscc', ${code}, 'validAt', $2::text, 'knownAt', $4::text,
    'entity', (
      select json_build_object('name', content->>'name', 'status', status, 'kind', kind, 'industry', json_build_object('code', content->>'industryCode'),
        'registeredDivision', json_build_object('code', content->>'divisionCode'), 'establishedOn', content->>'establishedOn')
      from entity.profile p
      where p.uscc = ${code} and p.valid_from <= $2::text::date and p.recorded_at <= $3::timestamptz and p.superseded_at > $3::timestamptz
        and p.disclosure_level = 'PUBLIC' and p.withdrawn_on is null
      order by p.valid_from desc, p.record_id desc
      limit 1),
    'administrativeActs', json_build_object('nodes', (
      select coalesce(json_agg(json_build_object('__typename', case kind when 'LICENCE' then 'AdministrativeLicence' else 'AdministrativePenalty' end,
        'id', record_id, 'documentNo', document_no, 'documentName', content->>'documentName', 'decidedOn', decided_on, 'content', content->>'content', 'validFrom', valid_from,
        'authority', json_build_object('name', authority_name, 'uscc', determining_unit),
        'publication', json_build_object('publishedOn', coalesce(content->>'ownSiteOn', (collected_at at time zone 'Asia/Shanghai')::date::text), 'publicUntil', content->>'publicUntil'),
        'licenceCategory', content->>'licenceCategory', 'certificateName', content->>'certificateName', 'certificateNo', content->>'certificateNo')), '[]')
      from (
        select * from disclosure.act a
        where a.uscc = ${code} and a.decided_on <= $2::text::date and ${visible('a')}
        order by a.decided_on desc, a.record_id desc
        limit 20) act)),
    'nameListEntries', json_build_object('nodes', (
      select coalesce(json_agg(json_build_object('id', record_id, 'listType', json_build_object('code', list_type), 'category', category,
        'state', case when (removed_on is null or removed_on > $2::text::date) and (term_until is null or term_until >= $2::text::date) then 'LISTED' else 'REMOVED' end,
        'listedOn', listed_on, 'grounds', content->>'grounds', 'authority', json_build_object('name', authority_name, 'uscc', determining_unit))), '[]')
      from (
        select * from namelist.entry e
        where e.uscc = ${code} and e.listed_on <= $2::text::date and ${visible('e')}
        order by e.listed_on desc, e.record_id desc
        limit 20) entry)),
    'evaluations', (
      select coalesce(json_agg(json_build_object('id', record_id, 'scheme', json_build_object('code', scheme, 'version', scheme_version), 'grade', grade,
        'evaluatedOn', evaluated_on, 'validUntil', content->>'validUntil')), '[]')
      from (
        select * from evaluation.result r
        where r.uscc = ${code} and r.scheme = 'PUBLIC_CREDIT' and r.evaluated_on <= $2::text::date and ${visible('r')}
        order by r.evaluated_on desc, r.record_id desc
        limit 1) result))`;

const one = `select json_build_object('data', json_build_object('creditFile', ${file('$1::text')}))::text as answer`;
const hundred = `select json_build_object('data', json_build_object('creditFiles',
    (select json_agg(json_build_object('input', ask.uscc, 'file', ${file('ask.uscc')}) order by ask.position) from unnest($1::text[]) with ordinality ask(uscc, position))))::text as answer`;

const pool = createPool({ url, applicationName: 'bench sql', max: 10, statementTimeoutMs: 10_000 });

interface Asked {
  readonly uscc?: string;
  readonly codes?: readonly string[];
  readonly validAt: string;
  readonly knownAt: string;
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    void (async () => {
      const { uscc, codes, validAt, knownAt } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Asked;
      const statement = codes ? { name: 'files', text: hundred } : { name: 'file', text: one };
      const { rows } = await pool.query<{ answer: string }>({
        ...statement,
        values: [codes ?? uscc, validAt, knownAt, knownAt],
      });
      const bytes = Buffer.from(rows[0]?.answer ?? '');
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes);
    })().catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => serveBench(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`));
