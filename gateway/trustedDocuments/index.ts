import { createDocumentManifests } from './repository.ts';
import { createDocumentResolvers } from './resolvers.ts';

/** Documents that were published for a role (受信文档). */
export const capability = {
  createResolvers: createDocumentResolvers,
  repositories: { manifests: createDocumentManifests },
};
