/** Runs queries of the dashboards in tests, as Grafana would: macros expanded, nothing else changed. */
import type { Pool } from 'pg';

import { expandMacros, type PanelRange } from '../../adapters/postgres/panels/macros';

export const DAY_MS = 86_400_000;

/** Rows with numbers as numbers: bigint and numeric arrive as text. */
export async function runQuery(
	sql: Pool,
	query: { sql: string },
	range: PanelRange,
): Promise<Record<string, unknown>[]> {
	const { rows } = await sql.query(expandMacros(query.sql, range));
	return rows.map((row: Record<string, unknown>) =>
		Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])),
	);
}

function plain(value: unknown): unknown {
	if (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
	return value;
}

export interface ScannedTable {
	table: string;
	/** As EXPLAIN names it: "Seq Scan", "Index Scan", "Bitmap Heap Scan", ... */
	scan: string;
}

interface PlanNode {
	'Node Type': string;
	'Relation Name'?: string;
	Plans?: PlanNode[];
}

/** Every table that the plan of a query reads, and how. */
export async function scansOf(
	sql: Pool,
	query: { sql: string },
	range: PanelRange,
): Promise<ScannedTable[]> {
	const { rows } = await sql.query(`explain (format json) ${expandMacros(query.sql, range)}`);
	const walk = (node: PlanNode): ScannedTable[] => [
		...(node['Relation Name'] ? [{ table: node['Relation Name'], scan: node['Node Type'] }] : []),
		...(node.Plans ?? []).flatMap(walk),
	];
	return walk(rows[0]['QUERY PLAN'][0].Plan);
}
