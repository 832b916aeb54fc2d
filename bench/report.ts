/** How every benchmark ends: a readable table, then one RESULT line for machines, and exit code 1 for a missed goal. */
import { formatTable } from '../cli/table';

export interface Goal {
	name: string;
	value: number;
	/** As written: ">= 0.5", "<= 2". */
	goal: string;
	met: boolean;
}

export interface BenchReport {
	/** As in `npm run bench:<name>`. */
	bench: string;
	figures: Record<string, unknown>;
	goals: Goal[];
}

export function atLeast(name: string, value: number, bound: number): Goal {
	return { name, value, goal: `>= ${bound}`, met: value >= bound };
}

export function atMost(name: string, value: number, bound: number): Goal {
	return { name, value, goal: `<= ${bound}`, met: value <= bound };
}

/** A table of a benchmark's figures. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
	process.stdout.write(`\n${formatTable(head, rows)}\n`);
}

/** Prints goals and the RESULT line, and sets the process's exit code. Call it once, last. */
export function finish(report: BenchReport): void {
	const rows = report.goals.map((goal) => [
		goal.name,
		String(Number(goal.value.toPrecision(4))),
		goal.goal,
		goal.met ? 'met' : 'MISSED',
	]);
	if (rows.length > 0) printTable(['Goal', 'Value', 'Wanted', ''], rows);
	process.stdout.write(`\nRESULT ${JSON.stringify(report)}\n`);
	if (report.goals.some((goal) => !goal.met)) process.exitCode = 1;
}

/** A share of 1 as per cent, with so many digits behind the point. */
export function percent(ratio: number, digits: number): string {
	return `${(100 * ratio).toFixed(digits)} %`;
}

/** Middle value; of an even count, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length >> 1;
	const upper = sorted[middle] ?? NaN;
	return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
