/** `npm run generate:schema`: writes models_config.schema.json and the reference in docs/models-config.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { catalogJsonSchema } from '../lib/catalog/json-schema';
import { withReference } from './catalog-reference';

const root = join(__dirname, '..');
const schemaPath = join(root, 'models_config.schema.json');
const docsPath = join(root, 'docs', 'models-config.md');

writeFileSync(schemaPath, `${JSON.stringify(catalogJsonSchema(), null, '\t')}\n`);
writeFileSync(docsPath, withReference(readFileSync(docsPath, 'utf8'), catalogJsonSchema()));
process.stdout.write(
	'Wrote models_config.schema.json and the reference in docs/models-config.md.\n',
);
