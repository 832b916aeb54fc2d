/**
 * Grafana's macros and variables, expanded as its PostgreSQL data source does, for everything that runs a panel's query
 * without Grafana. Pure. Owns which of them the queries may use; an unknown one is an error, not a silent text.
 */

export interface PanelRange {
	fromMs: number;
	toMs: number;
	/** Width of a time bucket, seconds. */
	intervalSeconds: number;
	/** Unquoted. Default public. */
	schema?: string;
	/** Values by variable (server, model, user, purpose). Absent: all. */
	only?: Partial<Record<PanelVariable, readonly string[]>>;
}

export const PANEL_VARIABLES = ['server', 'model', 'user', 'purpose'] as const;
export type PanelVariable = (typeof PANEL_VARIABLES)[number];

/** What the dashboards hand to a variable of theirs that is set to "All". */
export const ALL_VALUE = "'*'";

/** @throws RangeError for a macro or variable that is not known */
export function expandMacros(sql: string, range: PanelRange): string {
	const from = moment(range.fromMs);
	const to = moment(range.toMs);
	const expanded = sql
		.replace(
			/\$__timeFilter\(([^()]+)\)/g,
			(_, column: string) => `${column} BETWEEN ${from} AND ${to}`,
		)
		.replace(/\$__timeFrom\(\)/g, () => from)
		.replace(/\$__timeTo\(\)/g, () => to)
		.replace(/\$__interval_ms\b/g, () => String(range.intervalSeconds * 1000))
		.replace(/\$\{schema:raw\}/g, () => (range.schema ?? 'public').replaceAll('"', '""'))
		.replace(/\$\{(\w+):sqlstring\}/g, (text, name: string) => {
			if (!isVariable(name)) throw new RangeError(`${text} is not a variable of the dashboards.`);
			return chosenValues(range.only?.[name]);
		});
	// values were put in last: what they hold is data and is not looked at again
	const unknown = /\$__\w+|\$\{\w+:?\w*\}/.exec(sql.replace(KNOWN, ''));
	if (unknown) throw new RangeError(`${unknown[0]} is not a macro that is expanded.`);
	return expanded;
}

const KNOWN =
	/\$__timeFilter\([^()]+\)|\$__time(?:From|To)\(\)|\$__interval_ms\b|\$\{schema:raw\}|\$\{\w+:sqlstring\}/g;

function isVariable(name: string): name is PanelVariable {
	return (PANEL_VARIABLES as readonly string[]).includes(name);
}

/** Milliseconds are kept: Grafana's own literals have them too. */
function moment(ms: number): string {
	return `'${new Date(ms).toISOString()}'`;
}

function chosenValues(values: readonly string[] | undefined): string {
	if (values === undefined) return ALL_VALUE;
	// NULL is in no list: nothing chosen shows nothing
	if (values.length === 0) return 'NULL';
	return values.map((value) => `'${value.replaceAll("'", "''")}'`).join(',');
}
