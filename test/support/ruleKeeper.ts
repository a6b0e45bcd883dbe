import { randomUUID } from 'node:crypto';
import { organisationOf, type TestGraph } from './graph.ts';

// Rules that a test needs, decided as they are decided: one person of the rule keeper proposes, another approves.

type Json = Record<string, unknown>;

/** What a mutation of rules answers. */
export interface RuleReply {
  readonly __typename: string;
  readonly change?: { readonly id: string };
  readonly code?: string;
  readonly message?: string;
  readonly path?: readonly string[];
}

const FIELDS = '__typename ... on DomainError { code message path }';
const PROPOSE = `mutation ($input: ProposeRuleChangeInput!) {
  done: proposeRuleChange(input: $input) { ${FIELDS} ... on RuleChangeProposed { change { id } } }
}`;
const APPROVE = `mutation ($input: ApproveRuleChangeInput!) {
  done: approveRuleChange(input: $input) { ${FIELDS} ... on RuleChangeApproved { change { id } } }
}`;

/** @param now the clock of the graph */
export function createRuleKeeper(graph: TestGraph, now: () => Date) {
  const { organisation } = organisationOf('RULE_KEEPER');
  const run = async (actor: string, mutation: string, input: Json): Promise<RuleReply> => {
    const iat = Math.floor(now().getTime() / 1000);
    const token = graph.issuer.token(
      { role: 'RULE_KEEPER', organisation, actor },
      { payload: { iat, exp: iat + 1800 } },
    );
    const variables = { input: { idempotencyKey: randomUUID(), ...input } };
    const { body, text } = await graph.query('RULE_KEEPER', mutation, variables, { token });
    if (!body.data?.['done']) throw new Error(text);
    return body.data['done'] as RuleReply;
  };
  const propose = (actor: string, change: Json): Promise<RuleReply> => run(actor, PROPOSE, change);
  const approve = (actor: string, id: string | undefined): Promise<RuleReply> => run(actor, APPROVE, { id });
  return {
    propose,
    approve,
    /** Both persons; the decision is in effect within two seconds. */
    async decide(change: Json): Promise<void> {
      const proposed = await propose('1001', change);
      const approved = await approve('1002', proposed.change?.id);
      if (approved.__typename !== 'RuleChangeApproved') throw new Error(JSON.stringify([proposed, approved]));
    },
  };
}
