import { randomUUID } from 'node:crypto';
import type { Prisma, PrismaClient } from '#prisma/client.ts';
import { COUNT_LIMIT, pageOf, type Page } from '#kit/connection.ts';
import { ruleChangeOf } from '#records/ruleStore.ts';
import type { Viewer } from '#policy/viewer.ts';
import { shanghaiDay } from '#standards/dates.ts';
import type { RuleProblem } from '#standards/ruleProblem.ts';
import { ruleProblem } from '#standards/ruleProposals.ts';
import { changedRules, releasedRules, type RuleChange, type Rules, type RuleSet } from '#standards/ruleSets.ts';
import { once, type Once, type MutationTransaction } from '#gateway/database/idempotency.ts';
import { actorOf, isId, olderThan } from '#gateway/database/rows.ts';

export type RuleChangeState = 'PROPOSED' | 'APPROVED' | 'REJECTED';

export interface RuleChangeRow {
  readonly id: string;
  readonly action: RuleChange['action'];
  /** The future rule set: an added or corrected one as proposed, an ended one with its new end. */
  readonly ruleSet: RuleSet;
  readonly state: RuleChangeState;
  readonly proposedBy: string;
  readonly proposedByActor: string;
  readonly proposedAt: Date;
  readonly decidedBy: string | null;
  readonly decidedByActor: string | null;
  readonly decidedAt: Date | null;
}

/** Why a decision was not made; `path` as the caller's input has it. */
export type RuleRefusal =
  | RuleProblem
  | {
      readonly code: 'NOT_FOUND' | 'DECIDED' | 'SECOND_PERSON';
      readonly message: string;
      readonly path: readonly string[];
    };

export interface RuleChanges {
  page(state: RuleChangeState | null, first: number, after: readonly string[] | null): Promise<Page<RuleChangeRow>>;
  count(state: RuleChangeState | null): Promise<number>;
  find(id: string): Promise<RuleChangeRow | null>;
  propose(viewer: Viewer, key: string, change: RuleChange): Promise<Once<string> | RuleRefusal>;
  /** Brings a proposal into force; the person who approves must be another one than the proposer. */
  approve(viewer: Viewer, input: { idempotencyKey: string; id: string }): Promise<Once<string> | RuleRefusal>;
  /** Rejects a proposal; its proposer may do that too. */
  reject(viewer: Viewer, input: { idempotencyKey: string; id: string }): Promise<Once<string> | RuleRefusal>;
}

/** Rolls back the transaction of a refusal: its key is free again, since nothing was done. */
class Refused extends Error {
  readonly refusal: RuleRefusal;

  constructor(refusal: RuleRefusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

const refuse = (code: 'NOT_FOUND' | 'DECIDED' | 'SECOND_PERSON', message: string, ...path: string[]): Refused =>
  new Refused({ code, message, path });

/** Decisions that change the rules, in `rules.change`. */
export const createRuleChanges = (prisma: PrismaClient, now: () => Date): RuleChanges => ({
  async page(state, first, after) {
    const rows = await prisma.ruleChange.findMany({
      where: {
        ...(state === null ? null : { state }),
        ...olderThan(after, 'proposedAt'),
      },
      orderBy: [{ proposedAt: 'desc' }, { id: 'desc' }],
      take: first + 1,
    });
    return pageOf(rows.map(rowOf), first);
  },

  count: (state) =>
    prisma.ruleChange.count({ ...(state === null ? null : { where: { state } }), take: COUNT_LIMIT + 1 }),

  async find(id) {
    const found = isId(id) ? await prisma.ruleChange.findUnique({ where: { id } }) : null;
    return found && rowOf(found);
  },

  propose: (viewer, key, change) =>
    runOnce(prisma, decisionBy(viewer, 'proposeRuleChange', key, change, now()), (transaction) =>
      propose(transaction, viewer, change, now),
    ),

  approve: (viewer, input) =>
    runOnce(prisma, decisionBy(viewer, 'approveRuleChange', input.idempotencyKey, input, now()), (transaction) =>
      approve(transaction, viewer, input.id, now),
    ),

  reject: (viewer, input) =>
    runOnce(prisma, decisionBy(viewer, 'rejectRuleChange', input.idempotencyKey, input, now()), (transaction) =>
      reject(transaction, viewer, input.id, now),
    ),
});

type StoredChange = Awaited<ReturnType<MutationTransaction['ruleChange']['findUniqueOrThrow']>>;

// Written only here; the table's constraints enforce it.
const rowOf = ({ definition, action, state, ...row }: StoredChange): RuleChangeRow => ({
  ...row,
  action: action as RuleChangeRow['action'],
  state: state as RuleChangeState,
  ruleSet: definition as unknown as RuleSet,
});

const decisionBy = (viewer: Viewer, mutation: string, key: string, input: unknown, at: Date) => ({
  organisation: actorOf(viewer),
  mutation,
  key,
  input,
  at,
});

/** Runs a decision once for its key. A refusal rolls it back. */
async function runOnce(
  prisma: PrismaClient,
  call: ReturnType<typeof decisionBy>,
  work: (transaction: MutationTransaction) => Promise<string>,
): Promise<Once<string> | RuleRefusal> {
  try {
    return await once(prisma, call, work);
  } catch (error) {
    if (error instanceof Refused) return error.refusal;
    throw error;
  }
}

// --- decisions ----------------------------------------------------------------------------------------------------
// Each returns the id of the change, and throws Refused. Each takes the lock of `rulesInForce` before it reads a
// change.

async function propose(
  transaction: MutationTransaction,
  viewer: Viewer,
  change: RuleChange,
  now: () => Date,
): Promise<string> {
  const { actor } = viewer;
  if (actor === null)
    throw refuse(
      'SECOND_PERSON',
      'Rules are changed by two persons, so your token has to say who proposes (claim `actor`).',
    );
  const { rules } = await rulesInForce(transaction);
  const wrong = ruleProblem(rules, change, shanghaiDay(now()));
  if (wrong) throw new Refused(wrong);
  const definition =
    change.action !== 'END'
      ? change.ruleSet
      : { ...rules.sets.find((set) => set.id === change.id), effectiveTo: change.effectiveTo };
  const { id } = await transaction.ruleChange.create({
    data: {
      id: randomUUID(),
      action: change.action,
      ruleSet: change.action === 'END' ? change.id : change.ruleSet.id,
      definition: definition as unknown as Prisma.InputJsonObject,
      proposedBy: actorOf(viewer),
      proposedByActor: actor,
      proposedAt: now(),
    },
  });
  return id;
}

async function approve(transaction: MutationTransaction, viewer: Viewer, id: string, now: () => Date): Promise<string> {
  const { rules, approvalNo } = await rulesInForce(transaction);
  const found = await openProposal(transaction, id);
  if (viewer.actor === null)
    throw refuse(
      'SECOND_PERSON',
      'Rules are changed by two persons, so your token has to say who approves (claim `actor`).',
    );
  if (viewer.actor === found.proposedByActor)
    throw refuse('SECOND_PERSON', 'Who proposed a change does not approve it: a second person does.', 'id');
  // Time has passed since it was proposed, and other decisions were made.
  const wrong = ruleProblem(rules, ruleChangeOf(found), shanghaiDay(now()));
  if (wrong) throw new Refused({ ...wrong, path: ['id'] });
  return decide(transaction, viewer, found.id, { state: 'APPROVED', approvalNo }, now());
}

async function reject(transaction: MutationTransaction, viewer: Viewer, id: string, now: () => Date): Promise<string> {
  await rulesInForce(transaction);
  const found = await openProposal(transaction, id);
  return decide(transaction, viewer, found.id, { state: 'REJECTED' }, now());
}

/**
 * The rules for this transaction, and the number of an approval that it makes. Decisions are made and numbered one
 * after the other: gateways' clocks differ, and a decision may wait here after its time was taken.
 */
async function rulesInForce(
  transaction: MutationTransaction,
): Promise<{ readonly rules: Rules; readonly approvalNo: number }> {
  await transaction.$executeRaw`select pg_advisory_xact_lock(hashtext('rules.change'))`;
  const approved = await transaction.ruleChange.findMany({
    where: { state: 'APPROVED' },
    orderBy: { approvalNo: 'asc' },
  });
  return {
    rules: changedRules(releasedRules, approved.map(ruleChangeOf)),
    approvalNo: (approved.at(-1)?.approvalNo ?? 0) + 1,
  };
}

/** A proposal that was not decided yet. @throws Refused where there is none, or it was decided */
async function openProposal(transaction: MutationTransaction, id: string): Promise<StoredChange> {
  const found = isId(id) ? await transaction.ruleChange.findUnique({ where: { id } }) : null;
  if (!found) throw refuse('NOT_FOUND', 'There is no proposed change with this id.', 'id');
  if (found.state !== 'PROPOSED')
    throw refuse('DECIDED', `This change was ${found.state.toLowerCase()} before: propose it anew.`, 'id');
  return found;
}

async function decide(
  transaction: MutationTransaction,
  viewer: Viewer,
  id: string,
  decision: { readonly state: 'APPROVED'; readonly approvalNo: number } | { readonly state: 'REJECTED' },
  at: Date,
): Promise<string> {
  await transaction.ruleChange.update({
    where: { id },
    data: {
      ...decision,
      decidedBy: actorOf(viewer),
      decidedByActor: viewer.actor,
      decidedAt: at,
    },
  });
  return id;
}
