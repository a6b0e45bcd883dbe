// The parent types of resolvers, by the name of the GraphQL type (npm run codegen). Other types are their own parents.

import type { Connection, Edge } from '#kit/connection.ts';
import type { DocumentRow, ManifestRow } from './manifest.ts';

export type { ManifestRow as DocumentManifest, DocumentRow as TrustedDocument } from './manifest.ts';

export type DocumentManifestConnection = Connection<ManifestRow>;
export type DocumentManifestEdge = Edge<ManifestRow>;
export type TrustedDocumentConnection = Connection<DocumentRow>;
export type TrustedDocumentEdge = Edge<DocumentRow>;
