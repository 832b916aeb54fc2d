/** The shipped catalog's models that the examples' graph can run: those that are one checkpoint file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseCatalog } from '../../lib';
import type { Catalog } from '../../lib/catalog/schema';

export const ROOT = join(__dirname, '..', '..');

export function checkpointModels(): Pick<Catalog, 'models'> {
	const text = readFileSync(join(ROOT, 'models_config.json'), 'utf8');
	const { models } = parseCatalog(JSON.parse(text));
	return { models: models.filter((model) => model.files?.checkpoint) };
}
