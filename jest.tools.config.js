// npm run test:tools: the tools that only developers use, such as Prisma's schema engine and the dump of the schema,
// and the long tests.
import everything, { kind, longTests } from './jest.config.js';

export default { ...everything, projects: [kind('tools', ['<rootDir>/prisma/tools/**/*.test.ts', ...longTests])] };
