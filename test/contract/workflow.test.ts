import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

// .github/workflows/ci.yml runs what a developer runs, with no more rights than reading.

const root = join(import.meta.dirname, '../..');

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly 'runs-on': string;
        readonly 'timeout-minutes': number;
        readonly permissions?: object;
        readonly services?: object;
        readonly steps: readonly {
          readonly uses?: string;
          readonly run?: string;
          readonly with?: Readonly<Record<string, unknown>>;
        }[];
      }
    >
  >;
}

const { on, permissions, jobs } = parse(readFileSync(join(root, '.github/workflows/ci.yml'), 'utf8')) as Workflow;
const steps = Object.values(jobs).flatMap((job) => job.steps);

test('the workflow runs .ci/run on Ubuntu for every push and pull request, within 90 minutes', () => {
  expect(Object.keys(on)).toEqual(['push', 'pull_request']);
  expect(
    Object.values(jobs).map((job) => [
      job['runs-on'],
      job['timeout-minutes'],
      job.steps.flatMap(({ run }) => run ?? []),
    ]),
  ).toEqual([['ubuntu-24.04', 90, ['.ci/run']]]);
  expect(() => accessSync(join(root, '.ci/run'), constants.X_OK)).not.toThrow();
});

test('it may read the repository and nothing else', () => {
  expect(permissions).toEqual({ contents: 'read' });
  expect(Object.values(jobs).filter((job) => job.permissions !== undefined || job.services !== undefined)).toEqual([]);
});

test('every action is pinned to one version, and Node is that of .node-version', () => {
  const actions = steps.flatMap(({ uses }) => uses ?? []);
  expect(actions.length).toBeGreaterThan(0);
  expect(actions.filter((action) => !/^[\w-]+\/[\w-]+@(?:v\d+\.\d+\.\d+|[0-9a-f]{40})$/.test(action))).toEqual([]);
  expect(steps.flatMap((step) => step.with?.['node-version-file'] ?? [])).toEqual(['.node-version']);
  const installed = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  expect(readFileSync(join(root, '.node-version'), 'utf8').trim()).toBe(installed.dependencies['node']);
});
