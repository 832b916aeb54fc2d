/** The generated files are those of the code, and fit together: queries, variables, data sources, provisioning. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { ALERTS, PANELS } from '../../adapters/postgres/panels';
import { PANEL_VARIABLES } from '../../adapters/postgres/panels/macros';
import { alertFile, DATASOURCE_UID } from '../../dashboards/alert-rules';
import { generatedFiles } from '../../dashboards/files';
import { routerDashboard } from '../../dashboards/router-dashboard';

const ROOT = resolve(__dirname, '../..');
const COMPOSE = join(ROOT, 'deploy/compose');
const dashboard = routerDashboard({ schema: 'public', currency: 'USD' });
const panels = (dashboard.panels ?? []).filter((panel): panel is Panel => panel.type !== 'row');

interface Target {
	rawSql: string;
	format: string;
	datasource: { uid: string };
}
const targetsOf = (panel: object) => (panel as { targets: Target[] }).targets;

describe('the checked-in files', () => {
	it.each(generatedFiles().map(({ path, text }) => [path, text]))(
		'%s is what npm run generate:dashboards writes',
		(path, text) => {
			expect(readFileSync(join(ROOT, path), 'utf8')).toBe(text);
		},
	);
});

describe('the dashboard', () => {
	it('shows every query, and only ours', () => {
		const shown = new Set([
			...panels.flatMap((panel) => targetsOf(panel).map(({ rawSql }) => rawSql)),
			...(dashboard.annotations?.list ?? []).map(
				({ target }) => (target as unknown as Target).rawSql,
			),
		]);
		expect(shown).toEqual(new Set(Object.values(PANELS).map(({ sql }) => sql.trim())));
	});

	it('places panels beside each other, none over another', () => {
		const taken = new Set<string>();
		for (const { gridPos, title } of panels as {
			gridPos: { x: number; y: number; w: number; h: number };
			title: string;
		}[]) {
			expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
			for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
				for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
					expect(taken.has(`${x} ${y}`), title).toBe(false);
					taken.add(`${x} ${y}`);
				}
			}
		}
	});

	it('says of every panel what it tells, and takes the database that was chosen', () => {
		for (const panel of panels) {
			expect(panel.description, panel.title).toMatch(/\.$/);
			for (const { datasource } of targetsOf(panel)) {
				expect(datasource.uid, panel.title).toBe('${datasource}');
			}
		}
		expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
	});

	it('defines every variable that its queries use, and "All" is the value that they know', () => {
		const variables = dashboard.templating?.list ?? [];
		const used = new Set(
			[...JSON.stringify(dashboard).matchAll(/\$\{(\w+)(?::\w+)?\}/g)].map(([, name]) => name),
		);
		expect(new Set(variables.map(({ name }) => name))).toEqual(used);
		for (const name of PANEL_VARIABLES) {
			expect(variables.find((variable) => variable.name === name)).toMatchObject({
				allValue: "'*'",
				includeAll: true,
				multi: true,
			});
		}
	});

	it('hides and names columns that the queries have', () => {
		for (const panel of panels) {
			const sql = targetsOf(panel)[0]?.rawSql ?? '';
			for (const { matcher } of panel.fieldConfig?.overrides ?? []) {
				expect(sql, panel.title).toContain(String(matcher.options));
			}
		}
	});

	it('takes another schema and currency', () => {
		const other = JSON.stringify(routerDashboard({ schema: 'studio', currency: 'EUR' }));
		expect(other).toContain('"query":"studio"');
		expect(other).toContain('currency:EUR');
	});
});

describe('the alert rules', () => {
	const rules = alertFile({ schema: 'stu"dio' }).groups[0]?.rules as {
		uid: string;
		title: string;
		condition: string;
		data: { refId: string; datasourceUid: string; model: Record<string, unknown> }[];
		annotations: Record<string, string>;
	}[];

	it('are all there: a query, then its comparison', () => {
		expect(rules.map(({ title }) => title)).toEqual(ALERTS.map(({ title }) => title));
		for (const [index, rule] of rules.entries()) {
			const alert = ALERTS[index];
			expect(rule.data.map(({ refId, datasourceUid }) => [refId, datasourceUid])).toEqual([
				['A', DATASOURCE_UID],
				['B', '__expr__'],
			]);
			expect(rule.condition).toBe('B');
			expect(rule.data[1]?.model).toMatchObject({
				type: 'threshold',
				expression: 'A',
				conditions: [{ evaluator: { params: [alert?.threshold] } }],
			});
			expect(rule.uid.length).toBeLessThanOrEqual(40);
		}
	});

	it('name labels that their queries give, and leave no variable of a dashboard', () => {
		for (const { data, annotations, title } of rules) {
			const sql = String(data[0]?.model['rawSql']);
			expect(sql, title).not.toContain('${');
			expect(sql, title).toContain('"stu""dio".');
			for (const [, label] of annotations['summary']?.matchAll(/\$labels\.(\w+)/g) ?? []) {
				expect(sql, title).toMatch(new RegExp(`\\b${label}\\b`));
			}
		}
	});
});

describe('the compose files', () => {
	const compose = parse(readFileSync(join(COMPOSE, 'compose.yaml'), 'utf8')) as {
		services: Record<string, { image?: string; volumes?: string[]; depends_on?: object }>;
		volumes: Record<string, unknown>;
	};

	it('start n8n, PostgreSQL, Grafana and ComfyUI, each image with its version', () => {
		const services = Object.keys(compose.services);
		expect(services).toEqual(expect.arrayContaining(['n8n', 'postgres', 'grafana', 'comfyui']));
		for (const [name, { image }] of Object.entries(compose.services)) {
			expect(image, name).toMatch(/:(\$\{\w+:-)?[\w.-]*\d[\w.-]*\}?$/);
		}
	});

	it('mount what is there: files of the repository, and volumes that are declared', () => {
		for (const { volumes = [] } of Object.values(compose.services)) {
			for (const volume of volumes) {
				const source = volume.split(':')[0] as string;
				if (source.startsWith('.')) expect(existsSync(join(COMPOSE, source)), source).toBe(true);
				else expect(Object.keys(compose.volumes), volume).toContain(source);
			}
		}
	});

	it('wait for services that exist', () => {
		for (const { depends_on: others = {} } of Object.values(compose.services)) {
			for (const other of Object.keys(others)) expect(compose.services).toHaveProperty(other);
		}
	});

	it('know every variable from the example, and hold no password', () => {
		const text = readFileSync(join(COMPOSE, 'compose.yaml'), 'utf8');
		const example = readFileSync(join(COMPOSE, '.env.example'), 'utf8');
		for (const [, name] of text.matchAll(/\$\{(\w+)[:}?-]/g)) {
			expect(example, name).toMatch(new RegExp(`^#? ?${name}=`, 'm'));
		}
		for (const line of text.split('\n').filter((one) => /PASSWORD|ENCRYPTION_KEY/.test(one))) {
			expect(line).toMatch(/\$\{\w+:\?|\$\{\w+\}/);
		}
	});

	it('provision one database, whose uid the alerts use, and the folder of the dashboard', () => {
		const read = (path: string) =>
			parse(readFileSync(join(COMPOSE, 'grafana/provisioning', path), 'utf8'));
		expect(read('datasources/postgres.yaml').datasources).toMatchObject([
			{ uid: DATASOURCE_UID, type: 'grafana-postgresql-datasource', user: 'grafana_reader' },
		]);
		const folder = read('dashboards/comfyui-router.yaml').providers[0].options.path as string;
		const mount = compose.services['grafana']?.volumes?.find((one) => one.includes(folder));
		const source = join(COMPOSE, (mount as string).split(':')[0] as string);
		expect(statSync(source).isDirectory()).toBe(true);
		expect(readdirSync(source)).toContain('comfyui-router.json');
	});
});
