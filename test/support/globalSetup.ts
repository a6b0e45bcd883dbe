import { startTestServers } from './testServers.ts';

export default async function globalSetup(): Promise<void> {
  await startTestServers();
}
