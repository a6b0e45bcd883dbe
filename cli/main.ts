#!/usr/bin/env node
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { demoOrganisations } from '#standards/demoOrganisations.ts';
import { forms } from '#standards/forms/forms.ts';
import { type AnswerError, createApi } from './api.ts';
import { type CallerOptions, chooseCaller, readList, readTtl, readUscc } from './caller.ts';
import { clientOf, registerClient } from './clients.ts';
import { consentLine, findConsents, giveConsent, isGiven, revokeConsent } from './consents.ts';
import { claimsFor, CONSENTING_ROLE, roleNames, GRANTING_ROLE, REGISTERING_ROLE } from './demoRoles.ts';
import { examine, examineConfiguration, findingLines } from './doctor.ts';
import {
  confirmDocuments,
  documentLine,
  findManifest,
  findManifests,
  manifestLine,
  proposeDocuments,
  readManifest,
  withdrawDocuments,
} from './documents.ts';
import { takeExport } from './export.ts';
import { exitCodes, Failure, usage } from './failure.ts';
import { decideFiling, filingLine, findFiling, waits } from './filing.ts';
import { generate } from './generate/generate.ts';
import { endGrant, findGrants, giveRole, isThere, revokeToken } from './grants.ts';
import { ingest, type Ingested } from './ingest.ts';
import { openIssuer } from './issuer.ts';
import { serveIssuer } from './issuerServer.ts';
import { createProgress } from './progress.ts';
import { readSettings, withoutPath } from './settings.ts';
import { start } from './start.ts';
import { EARLIEST, type Followed, tail } from './tail.ts';
import { findUnit, registerUnits, unitLine } from './units.ts';

// The commands: their names, arguments and output. The work is done in the other files of this folder.

const settings = readSettings();
// A reader that takes the first lines and closes the pipe (`| head`) has what it wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
const print = (line: string): boolean => process.stdout.write(`${line}\n`);
const note = (line: string): boolean => process.stderr.write(`${line}\n`);
const exitCodeHelp = (meanings: Readonly<Record<number, string>> = {}): string =>
  `\nExit codes:\n${Object.entries({
    [exitCodes.done]: 'done',
    [exitCodes.failed]: 'failed',
    [exitCodes.usage]: 'wrong usage',
    ...meanings,
  })
    .map(([code, meaning]) => `  ${code}  ${meaning}\n`)
    .join('')}`;

const whole =
  (smallest: number) =>
  (given: string): number => {
    const number = Number(given);
    if (!Number.isSafeInteger(number) || number < smallest)
      throw new InvalidArgumentError(`Give a whole number of at least ${smallest}.`);
    return number;
  };

interface ConnectionOptions extends CallerOptions {
  readonly url?: string;
  readonly purpose?: string;
}

const connected = (command: Command): Command =>
  command
    .option('--token <token>', 'act with this token (better in CREDIT_GRAPH_TOKEN: others can see arguments)')
    .option('--url <url>', 'address of the gateway (default: CREDIT_GRAPH_URL, else HOST and PORT)');

const connectedInRole = (command: Command): Command =>
  connected(command).option('--role <role>', 'act in this role, with a token of the development issuer');

const filtered = (command: Command): Command =>
  command
    .option('--evaluations', 'evaluations instead of name lists')
    .option('--type <codes>', 'only of these types of list, separated by commas, as in all that follow', readList)
    .option('--category <codes>', 'only of these categories of list: SERIOUS, FOCUS, ABNORMAL, COMMENDED', readList)
    .option('--scheme <codes>', 'with --evaluations: only of these schemes', readList)
    .option('--province <digits>', 'only of entities in these provinces, such as 33', readList)
    .option('--sector <codes>', 'only of entities in these sectors, sections of GB/T 4754', readList)
    .option('--kind <kinds>', 'only these kinds of change, such as ADDED; REMOVED comes always', readList)
    .option('--watchlist <id>', 'only of entities on this watchlist of yours');

const withActor = (command: Command): Command =>
  command.option('--actor <number>', 'who acts, in a token made for --role: what takes two persons compares it');

const connect = async ({ url, purpose, ...caller }: ConnectionOptions, ownRole?: string, attempts = 1) =>
  createApi({
    url: url === undefined ? settings.url : withoutPath(url),
    token: await chooseCaller(settings, caller, ownRole),
    purpose,
    attempts,
  });

/** The maximum number of attempts of calls that take long and are safe to repeat. */
const PATIENT = 6;

const requireCaller = ({ role, token }: CallerOptions, does: string): void => {
  if (role === undefined && token === undefined && settings.token === null)
    throw usage(`Say who ${does}: --role, --token or CREDIT_GRAPH_TOKEN.`);
};

const program = new Command('credit-graph')
  .description('The command line of Credit Graph. It talks to the public API alone.')
  .addHelpText(
    'after',
    `${exitCodeHelp()}\nEnvironment: CREDIT_GRAPH_URL, CREDIT_GRAPH_TOKEN, DATA_DIR (./.data), ` +
      'HOST, PORT, JWT_ISSUER, JWT_AUDIENCE.',
  )
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError('(--help lists what there is)')
  .exitOverride();

program
  .command('start')
  .description('run the gateway with its demo data, until Ctrl-C')
  .option(
    '--entities <number>',
    'entities of the demo; a graph that has data keeps it',
    whole(demoOrganisations.length),
    10_000,
  )
  .option('--seed <number>', 'the same seed gives the same demo', whole(0), 1)
  .option('--no-demo', 'load nothing into an empty graph')
  .addHelpText('after', exitCodeHelp())
  .action(async (options: { entities: number; seed: number; demo: boolean }) => {
    await start(settings, options);
    process.exit(exitCodes.done); // Ctrl-C may have left something half done that nobody waits for, such as generating
  });

program
  .command('token')
  .description('print a token of the development issuer, and nothing else')
  .requiredOption('--role <role>', `one of ${roleNames.join(', ')}`)
  .option('--org <uscc>', 'organisation to act for (default: the demo organisation of the role)', readUscc)
  .option('--province <digits>', 'province the role is bound to, such as 33')
  .option('--sector <code>', 'sector the role is bound to, a section of GB/T 4754')
  .option('--purpose <codes>', 'allowed purposes, separated by commas (default: one that fits the role)', readList)
  .option('--actor <number>', 'who acts for it: an opaque number; what takes two persons compares it')
  .option('--ttl <length>', 'how long it lives, at most 1h', readTtl, 3600)
  .addHelpText('after', exitCodeHelp())
  .action(
    async ({
      ttl,
      purpose,
      ...wanted
    }: {
      role: string;
      org?: string;
      province?: string;
      sector?: string;
      purpose?: string[];
      actor?: string;
      ttl: number;
    }) => {
      const claims = claimsFor({ ...wanted, purposes: purpose });
      print((await openIssuer(settings)).sign(claims, ttl));
    },
  );

const issuing = program
  .command('issuer')
  .description('the development issuer as machine clients meet it (docs/KEYS.md)')
  .addHelpText('after', exitCodeHelp());

issuing
  .command('register')
  .description('register a machine client by its public key, or change it; it is in effect at once')
  .requiredOption('--client <id>', 'what the client is called')
  .requiredOption('--key <file>', 'its public key, PEM or JWK')
  .requiredOption('--role <role>', 'role of its tokens')
  .option('--org <uscc>', 'organisation it acts for (default: the demo organisation of the role)', readUscc)
  .option('--province <digits>', 'province its tokens are bound to, such as 33')
  .option('--sector <code>', 'sector its tokens are bound to, a section of GB/T 4754')
  .option(
    '--purpose <codes>',
    'purposes its tokens allow, separated by commas (default: one that fits the role)',
    readList,
  )
  .addHelpText('after', exitCodeHelp())
  .action(
    async ({
      client,
      key,
      purpose,
      ...wanted
    }: {
      client: string;
      key: string;
      role: string;
      org?: string;
      province?: string;
      sector?: string;
      purpose?: string[];
    }) => {
      if (settings.production)
        throw new Failure('The development issuer does not work with NODE_ENV=production.', {
          advice: 'Register the client where your tokens come from.',
        });
      await registerClient(
        settings.dataDir,
        clientOf(client, await readText(key), claimsFor({ ...wanted, purposes: purpose })),
      );
    },
  );

issuing
  .command('serve')
  .description('give tokens to machine clients on this machine, until Ctrl-C')
  .option('--port <number>', 'where to listen on 127.0.0.1', whole(0), 4010)
  .addHelpText('after', exitCodeHelp())
  .action(async ({ port }: { port: number }) => {
    const stopped = new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
    });
    await using issuer = await serveIssuer(settings, { port });
    print(`${issuer.url}/token`);
    await stopped;
  });

connectedInRole(program.command('query'))
  .description('send a query and print the answer as JSON')
  .argument('[file]', 'a file with the query, or - for standard input')
  .option('--id <id>', 'a published document, in place of a file: `sha256:…`, or its name')
  .option('--variables <json>', 'variables as a JSON object')
  .option('--purpose <code>', 'what the query is for')
  .addHelpText('after', exitCodeHelp({ 0: 'answered, also in part', 1: 'no data, or no answer' }))
  .action(
    async (
      file: string | undefined,
      { id, variables, ...options }: ConnectionOptions & { id?: string; variables?: string },
    ) => {
      if ((file === undefined) === (id === undefined))
        throw usage('Give a file with a query, or --id and the id of a published document.');
      const document = id === undefined ? await readQuery(file ?? '-') : { id };
      const answer = await (
        await connect(options)
      ).query(document, variables === undefined ? undefined : readVariables(variables));
      print(JSON.stringify(answer, null, 2));
      if (hasNothing(answer.data, answer.errors)) process.exitCode = exitCodes.failed;
    },
  );

filtered(connectedInRole(program.command('tail')))
  .description('follow changes of name lists, or of evaluations, until Ctrl-C')
  .option('--from <place>', `a cursor, or "${EARLIEST}" for the oldest change that is kept (default: changes to come)`)
  .option('--save <file>', 'append each change to this file as a line of JSON, and keep the place in FILE.cursor')
  .option('--until-caught-up', 'end with the last change that there is')
  .option('--json', 'print each change as a line of JSON, too long for people')
  .option('--purpose <code>', 'what it is read for')
  .addHelpText(
    'after',
    '\nRun again with the same --save, it goes on where it was, also after kill -9: ' +
      'no change is missing in the file, and none\n' +
      'is in it twice. One run writes to a file at a time. Lost connections are noted and made again.\n' +
      exitCodeHelp({
        0: 'done, or ended by Ctrl-C',
        [exitCodes.changesMissing]: 'the place is older than what is kept: changes are missing for good',
      }),
  )
  .action(
    async ({
      url,
      token,
      role,
      purpose,
      from,
      save,
      json,
      untilCaughtUp,
      ...wanted
    }: ConnectionOptions & TailedOptions) => {
      const ended = new AbortController();
      // npm passes a Ctrl-C on, so that it may arrive twice.
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => ended.abort());
      process.stdout.on('error', () => ended.abort()); // its reader has gone
      await tail({
        url: url === undefined ? settings.url : withoutPath(url),
        token: await chooseCaller(settings, { token, role }),
        purpose,
        followed: followedBy(wanted),
        from: from ?? null,
        save: save ?? null,
        json: json ?? false,
        untilCaughtUp: untilCaughtUp ?? false,
        signal: ended.signal,
        async print(line) {
          if (!print(line) && !ended.signal.aborted)
            await once(process.stdout, 'drain', { signal: ended.signal }).catch(() => {});
        },
        note,
      });
    },
  );

filtered(connectedInRole(program.command('export')))
  .description('take a snapshot of name lists, or of evaluations, with a place where changes go on')
  .requiredOption('--save <file>', 'where to write it, a record a line')
  .option(
    '--fields <selection>',
    'what of each, such as "recordId version entry { listedOn }" (default: what the record states)',
  )
  .option('--purpose <code>', 'what it is read for')
  .option('--json', 'print what was taken as JSON')
  .addHelpText(
    'after',
    '\nPrints the place: follow changes from it with the same options, --from PLACE and a file of their own. ' +
      `Run again after it was cut\noff, it goes on with what is missing.\n${exitCodeHelp()}`,
  )
  .action(
    async ({
      save,
      fields,
      json,
      ...options
    }: ConnectionOptions & TailedOptions & { save: string; fields?: string }) => {
      requireCaller(options, 'takes the snapshot');
      const taken = await takeExport({
        api: await connect(options, undefined, PATIENT),
        followed: followedBy(options),
        fields,
        save,
        note,
      });
      print(json ? JSON.stringify(taken) : taken.cursor);
    },
  );

program
  .command('generate')
  .description('write synthetic official-form files, one for each kind of record')
  .requiredOption('--entities <number>', 'how many entities', whole(1))
  .requiredOption('--out <directory>', 'where to write them')
  .option('--seed <number>', 'the same seed and number give the same bytes', whole(0), 1)
  .option('--json', 'print what was written as JSON')
  .addHelpText('after', exitCodeHelp())
  .action(async ({ json, ...options }: { entities: number; out: string; seed: number; json?: boolean }) => {
    const bar = createProgress('generate', options.entities, 'entities');
    try {
      const files = await generate(options, (done) => bar.update(done));
      if (json) print(JSON.stringify(files.map(({ kind, path, rows }) => ({ kind, path, rows }))));
    } finally {
      bar.stop();
    }
  });

withActor(connectedInRole(program.command('ingest')))
  .description('file records in the official form: CSV (UTF-8 or GB18030) or NDJSON')
  .argument('<file>')
  .requiredOption('--kind <kind>', `one of ${Object.keys(forms).join(', ')}`, readKind)
  .option('--replace', 'the rows are all that you have of the kind: your records that are missing from them end')
  .option('--json', 'print the receipt as JSON')
  .addHelpText(
    'after',
    '\nRun again, it goes on where it was cut off; a file that was filed is not filed twice. Refused rows are\n' +
      'in FILE.rejected.csv (or .ndjson), in the same form and with their reasons: mend them there and file that.\n' +
      'With --replace, one that would end implausibly much, or has refused rows, ends nothing and waits for ' +
      'a second\nperson: `credit-graph filing confirm`. One that is over is filed anew.\n' +
      exitCodeHelp({ 3: 'filed, but some rows were refused', 4: 'filed, and waits for a second person' }),
  )
  .action(
    async (
      file: string,
      { kind, replace, json, ...options }: ConnectionOptions & { kind: string; replace?: boolean; json?: boolean },
    ) => {
      requireCaller(options, 'files');
      const result = await ingest({
        api: await connect(options, undefined, PATIENT),
        file,
        kind,
        replace: replace ?? false,
        progress: (rows) => createProgress(kind, rows),
      });
      print(json ? JSON.stringify(result) : receiptLine(result));
      if (!json && result.replacement !== null) print(filingLine(result));
      if (result.rejectedFile !== null) {
        const unlisted = result.receipt.rejected - result.rejectedListed;
        const more = ` (${unlisted} more are not listed: the gateway names the first 20 000 of each part)`;
        note(`Refused rows: ${result.rejectedFile}${unlisted > 0 ? more : ''}`);
      }
      if (result.receipt.rejected > 0) process.exitCode = exitCodes.someRejected;
      if (waits(result)) {
        note('Nothing has ended: the filing waits for a second person (another --actor).');
        note(
          `\`credit-graph filing confirm ${result.filing}\` ends what is missing, ` +
            'with --cancel it discards the filing.',
        );
        process.exitCode = exitCodes.waits;
      }
    },
  );

const filings = program
  .command('filing')
  .description('filings, and full replacements that wait for a second person')
  .addHelpText('after', exitCodeHelp());

connectedInRole(filings.command('show'))
  .description('where a filing stands, and what a full replacement ends')
  .argument('<id>', 'the filing')
  .option('--json', 'print it as JSON')
  .addHelpText('after', exitCodeHelp({ 4: 'it waits for a second person' }))
  .action(async (id: string, { json, ...options }: ConnectionOptions & { json?: boolean }) => {
    requireCaller(options, 'asks');
    const filing = await findFiling(await connect(options), id);
    print(json ? JSON.stringify(filing) : filingLine(filing));
    if (waits(filing)) process.exitCode = exitCodes.waits;
  });

withActor(connectedInRole(filings.command('confirm')))
  .description('let a full replacement that waits end what it lacks; who filed it may not')
  .argument('<id>', 'the filing')
  .option('--cancel', 'discard it instead: its rows stand, nothing ends')
  .option('--json', 'print the filing as it is then as JSON')
  .addHelpText('after', `\nRun again, it goes on where it was cut off.\n${exitCodeHelp()}`)
  .action(
    async (id: string, { cancel, json, ...options }: ConnectionOptions & { cancel?: boolean; json?: boolean }) => {
      requireCaller(options, 'decides');
      const filing = await decideFiling(await connect(options, undefined, PATIENT), id, !cancel);
      print(json ? JSON.stringify(filing) : filingLine(filing));
    },
  );

const registering = program
  .command('unit')
  .description('the units that file: what, about whom, how late at most')
  .addHelpText('after', exitCodeHelp());

connectedInRole(registering.command('register'))
  .description(
    `register a unit, or change what it is registered for; done as ${REGISTERING_ROLE} unless --role says otherwise`,
  )
  .requiredOption('--unit <uscc>', 'the unit', readUscc)
  .requiredOption(
    '--kind <kind>',
    `what it files, again for each kind: ${Object.keys(forms).join(', ')}`,
    (kind: string, before: readonly string[] = []) => [...before, readKind(kind)],
  )
  .option('--name <name>', 'its name')
  .option('--province <digits>', 'only about subjects of this province, such as 33')
  .option('--sector <code>', 'only about subjects of this sector, a section of GB/T 4754')
  .option('--delay <hours>', 'within how many hours it promises to file again (default: by rule)', whole(1))
  .option('--json', 'print the unit as it is registered then as JSON')
  .addHelpText('after', exitCodeHelp())
  .action(
    async ({
      unit,
      kind: kinds,
      name,
      province,
      sector,
      delay,
      json,
      ...options
    }: ConnectionOptions & {
      unit: string;
      kind: readonly string[];
      name?: string;
      province?: string;
      sector?: string;
      delay?: number;
      json?: boolean;
    }) => {
      const api = await connect(options, REGISTERING_ROLE);
      await registerUnits(
        api,
        kinds.map((kind) => ({ unit, kind, name, province, sector, promisedDelayHours: delay })),
      );
      if (json) print(JSON.stringify(await findUnit(api, unit)));
    },
  );

connectedInRole(registering.command('show'))
  .description('what a unit is registered for, and when it last filed')
  .argument('<uscc>', 'the unit', readUscc)
  .option('--json', 'print it as JSON')
  .addHelpText('after', exitCodeHelp({ 1: 'failed, or nobody knows this unit' }))
  .action(async (uscc: string, { json, ...options }: ConnectionOptions & { json?: boolean }) => {
    const kinds = await findUnit(await connect(options, REGISTERING_ROLE), uscc);
    if (json) print(JSON.stringify(kinds));
    else for (const kind of kinds) print(unitLine(kind));
    if (kinds.length === 0) {
      note(`${uscc} is not registered and has not filed.`);
      process.exitCode = exitCodes.failed;
    }
  });

const granting = program
  .command('grant')
  .description('let an organisation act in a role, or end that; done as OPERATOR')
  .addHelpText('after', exitCodeHelp());

connected(granting.command('give', { isDefault: true }))
  .description('let an organisation act in a role; a grant that is there is not given twice')
  .requiredOption('--organisation <uscc>', 'the organisation', readUscc)
  .requiredOption('--role <role>', 'the role it may act in')
  .option('--province <digits>', 'province it is bound to, such as 33')
  .option('--sector <code>', 'sector it is bound to, a section of GB/T 4754')
  .option('--until <instant>', 'when it ends, such as 2027-06-30T16:00:00Z', readInstant)
  .option('--json', 'print the grant as JSON')
  .addHelpText('after', exitCodeHelp())
  .action(
    async ({
      token,
      url,
      json,
      until,
      ...scope
    }: ConnectionOptions & {
      organisation: string;
      role: string;
      province?: string;
      sector?: string;
      until?: string;
      json?: boolean;
    }) => {
      const api = await connect(
        { ...(token === undefined ? null : { token }), ...(url === undefined ? null : { url }) },
        GRANTING_ROLE,
      );
      const wanted = { ...scope, to: until };
      const grant =
        isThere(await findGrants(api, wanted.organisation, new Date()), wanted) ?? (await giveRole(api, wanted));
      print(json ? JSON.stringify(grant) : grant.id);
    },
  );

connected(granting.command('end'))
  .description('end a grant, from the next operation on')
  .argument('<id>', 'the grant')
  .option('--json', 'print the grant as JSON')
  .addHelpText('after', exitCodeHelp())
  .action(async (id: string, { json, ...options }: ConnectionOptions & { json?: boolean }) => {
    const grant = await endGrant(await connect(options, GRANTING_ROLE), id);
    if (json) print(JSON.stringify(grant));
  });

const publishing = program
  .command('documents')
  .description('trusted documents: manifests that two operators publish for a role; done as OPERATOR')
  .addHelpText('after', exitCodeHelp());

/** Connects as an operator. With `--actor`, it uses a token that is made for that person. */
const connectOperator = ({ actor, ...options }: ConnectionOptions) =>
  connect(actor === undefined ? options : { ...options, role: GRANTING_ROLE, actor }, GRANTING_ROLE, PATIENT);

withActor(connected(publishing.command('publish')))
  .description('propose the documents of a manifest for a role; the same ones stand once')
  .argument('<file>', 'an `apollo-persisted-query-manifest`, or the persisted-documents.json of codegen')
  .requiredOption('--role <role>', 'the role whose documents they are; PUBLIC is one')
  .option('--json', 'print the manifest as JSON')
  .addHelpText(
    'after',
    '\nPrints the id. Nothing of it is trusted until another operator confirms it: ' +
      `\`credit-graph documents confirm ID\`.\n${exitCodeHelp()}`,
  )
  .action(async (file: string, { role, json, ...options }: ConnectionOptions & { role: string; json?: boolean }) => {
    const manifest = await proposeDocuments(await connectOperator(options), role, await readManifest(file));
    print(json ? JSON.stringify(manifest) : manifest.id);
    if (manifest.state === 'PROPOSED')
      note(`It waits for a second operator (another --actor): \`credit-graph documents confirm ${manifest.id}\`.`);
  });

withActor(connected(publishing.command('confirm')))
  .description('publish what another operator proposed')
  .argument('<id>', 'the manifest')
  .option('--json', 'print the manifest as JSON')
  .addHelpText('after', exitCodeHelp())
  .action(async (id: string, { json, ...options }: ConnectionOptions & { json?: boolean }) => {
    const manifest = await confirmDocuments(await connectOperator(options), id);
    print(json ? JSON.stringify(manifest) : manifestLine(manifest));
  });

withActor(connected(publishing.command('withdraw')))
  .description('take a manifest back, published or proposed; streams that nothing else allows end')
  .argument('<id>', 'the manifest')
  .option('--json', 'print the manifest as JSON')
  .addHelpText('after', exitCodeHelp())
  .action(async (id: string, { json, ...options }: ConnectionOptions & { json?: boolean }) => {
    const manifest = await withdrawDocuments(await connectOperator(options), id);
    print(json ? JSON.stringify(manifest) : manifestLine(manifest));
  });

connected(publishing.command('list'))
  .description('all manifests, newest first')
  .option('--role <role>', 'only those for this role')
  .option('--json', 'print them as JSON')
  .addHelpText('after', exitCodeHelp())
  .action(async ({ role, json, ...options }: ConnectionOptions & { json?: boolean }) => {
    const manifests = await findManifests(await connectOperator(options), role ?? null);
    if (json) print(JSON.stringify(manifests));
    else for (const manifest of manifests) print(manifestLine(manifest));
  });

connected(publishing.command('show'))
  .description('a manifest and its documents, with those that are refused since they no longer fit')
  .argument('<id>', 'the manifest')
  .option('--json', 'print it as JSON, with the texts')
  .addHelpText('after', exitCodeHelp())
  .action(async (id: string, { json, ...options }: ConnectionOptions & { json?: boolean }) => {
    const { manifest, documents } = await findManifest(await connectOperator(options), id);
    if (json) return void print(JSON.stringify({ ...manifest, documents }));
    print(manifestLine(manifest));
    for (const document of documents) print(documentLine(document));
  });

const consenting = program
  .command('consent')
  .description(
    'let an organisation read what is not published about yours, or end that; ' +
      `done as ${CONSENTING_ROLE} unless --role says otherwise`,
  )
  .addHelpText('after', exitCodeHelp());

connectedInRole(consenting.command('give'))
  .description('let an organisation read for one purpose; a consent that is there is not given twice')
  .requiredOption('--grantee <uscc>', 'the organisation that may read', readUscc)
  .requiredOption('--purpose <code>', 'what for, such as CREDIT_GRANTING')
  .requiredOption('--until <instant>', 'when it ends, such as 2027-06-30T16:00:00Z', readInstant)
  .option('--json', 'print the consent as JSON')
  .addHelpText('after', exitCodeHelp())
  .action(
    async ({
      grantee,
      purpose,
      until,
      json,
      ...options
    }: ConnectionOptions & { grantee: string; purpose: string; until: string; json?: boolean }) => {
      const api = await connect(options, CONSENTING_ROLE);
      const wanted = { grantee, purpose, until };
      const consent = isGiven(await findConsents(api), wanted, new Date()) ?? (await giveConsent(api, wanted));
      print(json ? JSON.stringify(consent) : consent.id);
    },
  );

connectedInRole(consenting.command('revoke'))
  .description(
    'take a consent back, with any other to the same organisation for the same purpose, from the next operation on',
  )
  .argument('<id>', 'the consent')
  .option('--json', 'print the consent as JSON')
  .addHelpText('after', exitCodeHelp())
  .action(async (id: string, { json, ...options }: ConnectionOptions & { json?: boolean }) => {
    const consent = await revokeConsent(await connect(options, CONSENTING_ROLE), id);
    if (json) print(JSON.stringify(consent));
  });

connectedInRole(consenting.command('list'))
  .description('what your organisation gave, or in another role received; newest first, what is over too')
  .option('--json', 'print them as JSON')
  .addHelpText('after', exitCodeHelp())
  .action(async ({ json, ...options }: ConnectionOptions & { json?: boolean }) => {
    const consents = await findConsents(await connect(options, CONSENTING_ROLE));
    if (json) print(JSON.stringify(consents));
    else for (const consent of consents) print(consentLine(consent, new Date()));
  });

connected(program.command('revoke-token'))
  .description('refuse a token from the next operation on; done as OPERATOR')
  .argument('<jti>', 'the token’s identifier, its claim `jti`')
  .requiredOption('--reason <text>', 'why')
  .option('--json', 'print the answer as JSON')
  .addHelpText('after', exitCodeHelp())
  .action(async (jti: string, { reason, json, ...options }: ConnectionOptions & { reason: string; json?: boolean }) => {
    const tokenId = await revokeToken(await connect(options, GRANTING_ROLE), jti, reason);
    if (json) print(JSON.stringify({ tokenId }));
  });

connectedInRole(program.command('doctor'))
  .description('look for what is wrong between you and an answer, and say what to do')
  .option('--json', 'print the findings as JSON')
  .addHelpText('after', exitCodeHelp({ 1: 'a problem was found' }))
  .action(async ({ json, url, ...caller }: ConnectionOptions & { json?: boolean }) => {
    // The configuration of this machine says nothing about a gateway elsewhere.
    const configuration = url === undefined ? [await examineConfiguration()] : [];
    const findings = [
      ...configuration,
      ...(await examine(url === undefined ? settings.url : withoutPath(url), () => chooseCaller(settings, caller))),
    ];
    if (json) print(JSON.stringify(findings));
    else process.stdout.write(findingLines(findings));
    if (findings.some(({ state }) => state === 'problem')) process.exitCode = exitCodes.failed;
  });

interface TailedOptions {
  readonly from?: string;
  readonly save?: string;
  readonly evaluations?: boolean;
  readonly type?: readonly string[];
  readonly category?: readonly string[];
  readonly scheme?: readonly string[];
  readonly province?: readonly string[];
  readonly sector?: readonly string[];
  readonly kind?: readonly string[];
  readonly watchlist?: string;
  readonly untilCaughtUp?: boolean;
  readonly json?: boolean;
}

function followedBy({
  evaluations,
  type: types,
  category: categories,
  scheme: schemes,
  province: provinces,
  sector: sectors,
  kind: kinds,
  watchlist,
}: TailedOptions): Followed {
  const common = { provinces, sectors, kinds, watchlist };
  if (evaluations && (types || categories))
    throw usage('--type and --category are of name lists, not of --evaluations.');
  if (!evaluations && schemes) throw usage('--scheme goes with --evaluations.');
  // The gateway decides which codes exist, because rules may add some.
  return (
    evaluations
      ? { topic: 'EVALUATION', filter: { ...common, schemes } }
      : { topic: 'NAME_LIST', filter: { ...common, types, categories } }
  ) as Followed;
}

function readKind(kind: string): string {
  if (!Object.hasOwn(forms, kind)) throw new InvalidArgumentError(`The kinds are ${Object.keys(forms).join(', ')}.`);
  return kind;
}

function readInstant(given: string): string {
  const instant = new Date(given);
  if (Number.isNaN(instant.getTime())) throw new InvalidArgumentError('Write it as 2027-06-30T16:00:00Z.');
  return instant.toISOString();
}

function readVariables(json: string): Record<string, unknown> {
  try {
    const variables: unknown = JSON.parse(json);
    if (typeof variables === 'object' && variables !== null && !Array.isArray(variables))
      return variables as Record<string, unknown>;
  } catch {
    // The error follows.
  }
  throw usage('--variables is not a JSON object.', `Such as --variables '{"uscc":"…"}'`);
}

const readQuery = (file: string): Promise<string> => (file === '-' ? text(process.stdin) : readText(file));

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw usage(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}).`);
  }
}

/** Whether an answer has errors and not one value. */
const hasNothing = (
  data: Readonly<Record<string, unknown>> | null | undefined,
  errors: readonly AnswerError[] | undefined,
): boolean => errors !== undefined && errors.length > 0 && Object.values(data ?? {}).every((value) => value === null);

function receiptLine({ receipt }: Ingested): string {
  const { rows, added, corrected, unchanged, pending = 0, rejected, warned, digest } = receipt;
  const waiting = pending > 0 ? `${pending} waiting for a decision, ` : '';
  const kept = `${added} added, ${corrected} corrected, ${unchanged} unchanged`;
  return `${rows} rows: ${kept}, ${waiting}${rejected} rejected, ${warned} with warnings (sha-256 ${digest})`;
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage; // commander has said it
  } else if (error instanceof Failure) {
    note(error.message);
    if (error.advice !== null) note(error.advice);
    process.exitCode = error.exitCode;
  } else if (error instanceof RangeError) {
    note(error.message); // options out of range
    process.exitCode = exitCodes.usage;
  } else if (error instanceof Error && 'syscall' in error) {
    note(error.message); // of the system, such as a directory that cannot be written
    if ('path' in error && String(error.path).startsWith(settings.dataDir))
      note('DATA_DIR names another directory for data.');
    process.exitCode = exitCodes.failed;
  } else {
    console.error(error);
    process.exitCode = exitCodes.failed;
  }
}
