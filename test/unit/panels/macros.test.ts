import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ALERTS, PANELS } from '../../../adapters/postgres/panels';
import { expandMacros, type PanelRange } from '../../../adapters/postgres/panels/macros';

const range: PanelRange = {
	fromMs: Date.parse('2026-01-31T00:00:00Z'),
	toMs: Date.parse('2026-02-01T00:00:00Z'),
	intervalSeconds: 3600,
};

describe('expandMacros', () => {
	it('writes what Grafana writes for its macros', () => {
		expect(expandMacros('where $__timeFilter(log.created_at)', range)).toBe(
			"where log.created_at BETWEEN '2026-01-31T00:00:00.000Z' AND '2026-02-01T00:00:00.000Z'",
		);
		expect(expandMacros('$__timeFrom() $__timeTo() $__interval_ms', range)).toBe(
			"'2026-01-31T00:00:00.000Z' '2026-02-01T00:00:00.000Z' 3600000",
		);
	});

	it('puts the schema and the chosen values in: all, some, none', () => {
		const sql = 'from "${schema:raw}".log where server in (${server:sqlstring})';
		expect(expandMacros(sql, range)).toBe(`from "public".log where server in ('*')`);
		const only = { server: ['a', "b'c"] };
		expect(expandMacros(sql, { ...range, schema: 'my "own"', only })).toBe(
			`from "my ""own""".log where server in ('a','b''c')`,
		);
		expect(expandMacros(sql, { ...range, only: { server: [] } })).toContain('in (NULL)');
	});

	it('keeps every value a literal, and expands nothing inside it', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'binary' }), (value) => {
				const sql = expandMacros('x in (${user:sqlstring})', { ...range, only: { user: [value] } });
				expect(sql).toBe(`x in ('${value.split("'").join("''")}')`);
			}),
		);
		const hostile = "$__timeFrom() ${schema:raw} '); drop table x; --";
		expect(expandMacros('in (${user:sqlstring})', { ...range, only: { user: [hostile] } })).toBe(
			`in ('${hostile.replaceAll("'", "''")}')`,
		);
	});

	it('refuses what it does not know', () => {
		expect(() => expandMacros('$__unixEpochFilter(x)', range)).toThrow(/\$__unixEpochFilter/);
		expect(() => expandMacros('${other}', range)).toThrow(/\$\{other\}/);
		expect(() => expandMacros('${other:sqlstring}', range)).toThrow(/not a variable/);
	});

	it('leaves nothing of Grafana in any query of ours', () => {
		for (const { name, sql } of [...Object.values(PANELS), ...ALERTS]) {
			expect(expandMacros(sql, range), name).not.toMatch(/\$__|\$\{/);
		}
	});
});

describe('the queries', () => {
	it('are called as their keys', () => {
		for (const [key, { name }] of Object.entries(PANELS)) {
			expect(name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())).toBe(key);
		}
	});

	it('ask for a time range, but for the quotas, which are about now', () => {
		const time = { vram_usage_log: 'observed_at', model_usage_log: 'created_at' };
		for (const { name, log, sql } of Object.values(PANELS)) {
			if (log === 'quota_account') continue;
			const column = { ...time, model_feedback: 'created_at' }[log];
			expect(sql, name).toContain(`$__timeFilter(${column})`);
		}
	});

	it('of alerts know no variables of a dashboard but the schema', () => {
		for (const { name, sql } of ALERTS) expect(sql, name).not.toContain(':sqlstring');
	});
});
