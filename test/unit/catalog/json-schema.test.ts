import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import Ajv2020 from 'ajv/dist/2020';
import { describe, expect, it } from 'vitest';

import { catalogJsonSchema } from '../../../lib/catalog/json-schema';
import { parseCatalog } from '../../../lib/catalog/parse';
import { withReference } from '../../../scripts/catalog-reference';
import { smallCatalog } from '../../support/catalog-builder';

const root = join(__dirname, '..', '..', '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const validate = new Ajv2020({ strict: false, allErrors: true, validateFormats: false }).compile(
	catalogJsonSchema(),
);

function isParsed(json: unknown): boolean {
	try {
		parseCatalog(json);
		return true;
	} catch {
		return false;
	}
}

describe('models_config.schema.json', () => {
	it('is up to date with the zod schema (else: npm run generate:schema)', () => {
		expect(JSON.parse(read('models_config.schema.json'))).toEqual(catalogJsonSchema());
	});

	it('accepts the shipped catalog', () => {
		expect(validate(JSON.parse(read('models_config.json'))), JSON.stringify(validate.errors)).toBe(
			true,
		);
	});

	it.each([
		['version', 2],
		['model', []],
		['x_mine', { anything: [null] }],
		['notes', 'text'],
		['$schema', './models_config.schema.json'],
		['servers', [{ name: 's', url: 'ftp://box' }]],
		['servers', [{ name: 's', url: 'http://box:8188', x_room: 2 }]],
		['servers', [{ name: 's', url: 'http://box:8188', room: 2 }]],
		['urgency', { now: { target_seconds: 1, on_time_probability: 1, policy: 'cheapest' } }],
		['quality_tiers', { draft: 1.1 }],
		['quality_tiers', { mine: 0.2 }],
		['models', [{}]],
		['models', []],
	])('judges %s = %j as the parser does', (key, value) => {
		const catalog = { ...smallCatalog(), [key]: value };
		expect(validate(catalog)).toBe(isParsed(catalog));
	});
});

describe('docs/models-config.md', () => {
	it('has the reference of the schema (else: npm run generate:schema)', () => {
		const document = read('docs/models-config.md');
		expect(document).toBe(withReference(document, catalogJsonSchema()));
	});

	it('shows an example that is valid', () => {
		const example = /```json\n([\s\S]*?)```/.exec(read('docs/models-config.md'))?.[1];
		expect(parseCatalog(JSON.parse(example ?? 'null')).models).toHaveLength(1);
	});
});
