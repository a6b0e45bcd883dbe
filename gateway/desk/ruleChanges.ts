import { randomUUID } from 'node:crypto';
import type { Prisma, PrismaClient } from '#prisma/client.ts';
import { COUNT_LIMIT, pageOf, type Page } from '#kit/connection.ts';
import { ruleChangeOf } from '#kit/ruleBook.ts';
import type { Viewer } from '#policy/viewer.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { ruleProblem, type RuleProblem } from '#standards/ruleProposals.ts';
import { changedRules, releasedRules, type RuleChange, type Rules, type RuleSet } from '#standards/ruleSets.ts';
import { once, type Once, type Work } from './idempotency.ts';
import { isId, olderThan } from './rows.ts';

export type RuleChangeState = 'PROPOSED' | 'APPROVED' | 'REJECTED';

export interface RuleChangeRow {
  readonly id: string;
  readonly action: 'ADD' | 'END';
  /** As it will be: an added one as proposed, an ended one with its new end. */
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
export type RuleRefusal = RuleProblem | { readonly code: 'NOT_FOUND' | 'DECIDED' | 'SECOND_PERSON'; readonly message: string; readonly path: readonly string[] };

export interface RuleChanges {
  page(state: RuleChangeState | null, first: number, after: readonly string[] | null): Promise<Page<RuleChangeRow>>;
  count(state: RuleChangeState | null): Promise<number>;
  find(id: string): Promise<RuleChangeRow | null>;
  propose(viewer: Viewer, key: string, change: RuleChange): Promise<Once<string> | RuleRefusal>;
  /** Brings a proposal into force; who approves is another person than who proposed. */
  approve(viewer: Viewer, input: { idempotencyKey: string; id: string }): Promise<Once<string> | RuleRefusal>;
  /** Lays a proposal aside; whoever made it may do that too. */
  reject(viewer: Viewer, input: { idempotencyKey: string; id: string }): Promise<Once<string> | RuleRefusal>;
}

/** Undoes the transaction of a refusal: its key is free again, as nothing was done. */
class Refused extends Error {
  readonly refusal: RuleRefusal;

  constructor(refusal: RuleRefusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

const refuse = (code: 'NOT_FOUND' | 'DECIDED' | 'SECOND_PERSON', message: string, ...path: string[]): Refused => new Refused({ code, message, path });


/** Decisions that change the rules, in `rules.change`. */
export function createRuleChanges(prisma: PrismaClient, now: () => Date): RuleChanges {
  type Stored = Awaited<ReturnType<typeof prisma.ruleChange.findUniqueOrThrow>>;
  // Written here alone, and held to it by the table's constraints.
  const rowOf = ({ definition, action, state, ...row }: Stored): RuleChangeRow => ({ ...row, action: action as RuleChangeRow['action'], state: state as RuleChangeState, ruleSet: definition as unknown as RuleSet });

  /**
   * The rules as they are for this transaction, and the number of an approval that it makes. Decisions are made one after the other, and
   * numbered so: gateways' clocks differ, and a decision takes its time before it waits here.
   */
  const standingIn = async (transaction: Work): Promise<{ rules: Rules; approvalNo: number }> => {
    await transaction.$executeRaw`select pg_advisory_xact_lock(hashtext('rules.change'))`;
    const approved = await transaction.ruleChange.findMany({ where: { state: 'APPROVED' }, orderBy: { approvalNo: 'asc' } });
    return { rules: changedRules(releasedRules, approved.map(ruleChangeOf)), approvalNo: (approved.at(-1)?.approvalNo ?? 0) + 1 };
  };
  const run = async (viewer: Viewer, mutation: string, key: string, input: unknown, work: (transaction: Work) => Promise<string>): Promise<Once<string> | RuleRefusal> => {
    try {
      return await once(prisma, { organisation: viewer.organisation ?? viewer.role, mutation, key, input, at: now() }, work);
    } catch (error) {
      if (error instanceof Refused) return error.refusal;
      throw error;
    }
  };
  const open = async (transaction: Work, id: string): Promise<Stored> => {
    const found = isId(id) ? await transaction.ruleChange.findUnique({ where: { id } }) : null;
    if (!found) throw refuse('NOT_FOUND', 'There is no proposed change with this id.', 'id');
    if (found.state !== 'PROPOSED') throw refuse('DECIDED', `This change was ${found.state.toLowerCase()} before: propose it anew.`, 'id');
    return found;
  };
  const decide = async (transaction: Work, viewer: Viewer, id: string, decision: { state: 'APPROVED'; approvalNo: number } | { state: 'REJECTED' }): Promise<string> => {
    await transaction.ruleChange.update({ where: { id }, data: { ...decision, decidedBy: viewer.organisation ?? viewer.role, decidedByActor: viewer.actor, decidedAt: now() } });
    return id;
  };

  return {
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

    count: (state) => prisma.ruleChange.count({ ...(state === null ? null : { where: { state } }), take: COUNT_LIMIT + 1 }),

    async find(id) {
      const found = isId(id) ? await prisma.ruleChange.findUnique({ where: { id } }) : null;
      return found && rowOf(found);
    },

    propose: (viewer, key, change) =>
      run(viewer, 'proposeRuleChange', key, change, async (transaction) => {
        const { actor } = viewer;
        if (actor === null) throw refuse('SECOND_PERSON', 'Rules are changed by two persons, so your token has to say who proposes (claim `actor`).');
        const { rules } = await standingIn(transaction);
        const wrong = ruleProblem(rules, change, shanghaiDay(now()));
        if (wrong) throw new Refused(wrong);
        const definition = change.action === 'ADD' ? change.ruleSet : { ...rules.sets.find((set) => set.id === change.id), effectiveTo: change.effectiveTo };
        const { id } = await transaction.ruleChange.create({
          data: {
            id: randomUUID(),
            action: change.action,
            ruleSet: change.action === 'ADD' ? change.ruleSet.id : change.id,
            definition: definition as unknown as Prisma.InputJsonObject,
            proposedBy: viewer.organisation ?? viewer.role,
            proposedByActor: actor,
            proposedAt: now(),
          },
        });
        return id;
      }),

    approve: (viewer, input) =>
      run(viewer, 'approveRuleChange', input.idempotencyKey, input, async (transaction) => {
        const { rules, approvalNo } = await standingIn(transaction);
        const found = await open(transaction, input.id);
        if (viewer.actor === null) throw refuse('SECOND_PERSON', 'Rules are changed by two persons, so your token has to say who approves (claim `actor`).');
        if (viewer.actor === found.proposedByActor) throw refuse('SECOND_PERSON', 'Who proposed a change does not approve it: a second person does.', 'id');
        // Time has passed since it was proposed, and other decisions.
        const wrong = ruleProblem(rules, ruleChangeOf(found), shanghaiDay(now()));
        if (wrong) throw new Refused({ ...wrong, path: ['id'] });
        return decide(transaction, viewer, found.id, { state: 'APPROVED', approvalNo });
      }),

    reject: (viewer, input) =>
      run(viewer, 'rejectRuleChange', input.idempotencyKey, input, async (transaction) => {
        await standingIn(transaction);
        const found = await open(transaction, input.id);
        return decide(transaction, viewer, found.id, { state: 'REJECTED' });
      }),
  };
}
