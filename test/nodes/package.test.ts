/** What n8n finds when it loads the package: registered files, icons, codex, names, defaults. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { INodeProperties } from 'n8n-workflow';
import { describe, expect, it } from 'vitest';

import packageJson from '../../package.json';
import { ComfyUiApi } from '../../credentials/ComfyUiApi.credentials';
import { ComfyUiRouterPostgresApi } from '../../credentials/ComfyUiRouterPostgresApi.credentials';
import { requestSchema } from '../../lib/request/schema';
import { additionalFields } from '../../nodes/shared/request-properties';
import { OUR_NODES } from './support/harness';

const ROOT = resolve(__dirname, '../..');
const nodes = Object.values(OUR_NODES).map((node) => node.description);
const credentials = [new ComfyUiApi(), new ComfyUiRouterPostgresApi()];

/** The source of a file that package.json names in dist. */
const sourceOf = (file: string) => join(ROOT, file.replace(/^dist\//, '').replace(/\.js$/, '.ts'));
const folderOf = (name: string) =>
	join(ROOT, 'nodes', name.charAt(0).toUpperCase() + name.slice(1));

function everyProperty(properties: INodeProperties[]): INodeProperties[] {
	return properties.flatMap((property) => [
		property,
		...everyProperty(
			(property.options ?? []).filter((option): option is INodeProperties => 'type' in option),
		),
	]);
}

describe('the package', () => {
	it('registers files that are there', () => {
		for (const file of [...packageJson.n8n.nodes, ...packageJson.n8n.credentials]) {
			expect(existsSync(sourceOf(file)), file).toBe(true);
		}
		expect(packageJson.n8n.nodes).toHaveLength(nodes.length);
		expect(packageJson.n8n.credentials).toHaveLength(credentials.length);
	});

	it.each(nodes.map((node) => [node.name, node] as const))(
		'%s has a light and a dark icon that differ, and a codex file under its own name',
		(name, node) => {
			const folder = folderOf(name);
			const icon = node.icon as { light: string; dark: string };
			const [light, dark] = [icon.light, icon.dark].map((file) =>
				readFileSync(join(folder, file.replace('file:', '')), 'utf8'),
			);
			expect(light).toMatch(/^<svg/);
			expect(dark).toMatch(/^<svg/);
			expect(light).not.toBe(dark);
			const codex = JSON.parse(
				readFileSync(
					join(folder, `${name.charAt(0).toUpperCase()}${name.slice(1)}.node.json`),
					'utf8',
				),
			);
			expect(codex.node).toBe(`${packageJson.name}.${name}`);
			expect(codex.categories.length).toBeGreaterThan(0);
			expect(codex.alias).toContain('comfyui');
			expect(codex.resources.primaryDocumentation[0].url).toMatch(/^https:/);
		},
	);

	it('can be found in the panel by comfyui, model and VRAM', () => {
		const found = (word: string) =>
			nodes.filter((node) => {
				const file = `${node.name.charAt(0).toUpperCase()}${node.name.slice(1)}.node.json`;
				const { alias } = JSON.parse(readFileSync(join(folderOf(node.name), file), 'utf8'));
				return [node.displayName, ...alias].some((text) => text.toLowerCase().includes(word));
			}).length;
		expect(found('comfyui')).toBe(nodes.length);
		expect(found('model')).toBeGreaterThanOrEqual(2);
		expect(found('vram')).toBeGreaterThanOrEqual(2);
	});

	// n8n's panel leaves nodes of the category AI out of its search, unless they are agents
	it.each(nodes.map(({ name }) => name))(
		'%s is not hidden from the search of the panel',
		(name) => {
			const file = `${name.charAt(0).toUpperCase()}${name.slice(1)}.node.json`;
			const { categories, subcategories } = JSON.parse(
				readFileSync(join(folderOf(name), file), 'utf8'),
			) as { categories: string[]; subcategories?: { AI?: string[] } };
			if (categories.includes('AI')) expect(subcategories?.AI).toContain('Agents');
		},
	);

	it('describes every field, unless its name says all', () => {
		const plain = /^(User|Password|Token|Host|Port|Database|Header Name|Header Value|SSL)$/;
		for (const owner of [...nodes, ...credentials]) {
			for (const property of everyProperty(owner.properties)) {
				if (['notice', 'collection', 'credentials'].includes(property.type)) continue;
				const explained =
					property.description ?? property.options?.some((option) => 'description' in option);
				const what = `${owner.name}: ${property.displayName}`;
				expect(Boolean(explained) || plain.test(property.displayName), what).toBe(true);
			}
		}
	});

	it('offers every field of a request, under its own name', () => {
		const offered = (additionalFields.options as INodeProperties[]).map((field) => field.name);
		const inOwnPlace = ['purpose', 'urgency', 'quality', 'prompt', 'model_name', 'preset_name'];
		const elsewhere = [...inOwnPlace, 'explain'];
		expect([...offered, ...elsewhere].sort()).toEqual(Object.keys(requestSchema.shape).sort());
	});

	it('masks every secret of the credentials', () => {
		const masked = credentials.flatMap((credential) =>
			credential.properties
				.filter((property) => property.typeOptions?.password === true)
				.map((property) => property.name),
		);
		expect(masked).toEqual(['password', 'token', 'headerValue', 'password']);
	});
});
