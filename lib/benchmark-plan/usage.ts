/** The usage row of one benchmark run. Pure. */
import type { HistoryEntry } from '../ports';
import { plannedRow, withStamps } from '../usage/build-row';
import type { SelectionFacts } from '../usage/selection-facts';
import type { UsageRow } from '../usage/types';
import type { MeasuredRun } from './types';

/** What the log calls the purpose of these runs. */
const BENCHMARK_PURPOSE = 'benchmark';

export interface BenchmarkContext {
	jobId: string;
	server: string;
	workflowId: string | null;
	executionId: string | null;
	submittedMs: number;
	nowMs: number;
}

export function benchmarkRow(
	run: MeasuredRun,
	entry: HistoryEntry,
	context: BenchmarkContext,
): UsageRow {
	const { model_name, preset, width, height, steps, cfg, prompt_id: promptId } = run;
	const facts: SelectionFacts = {
		decision: 'selected',
		job_id: context.jobId,
		request: { purpose: BENCHMARK_PURPOSE },
		selected_at: new Date(context.submittedMs).toISOString(),
		model_name,
		preset,
		server: context.server,
		parameters: { width, height, batch_size: 1, steps, cfg },
		estimate: { run_seconds: run.estimated_seconds },
		selection_reason: `benchmark, ${run.kind} run`,
	};
	const { workflowId, executionId } = context;
	const planned = plannedRow(facts, { promptId, attempt: 1, workflowId, executionId });
	const row = withStamps(planned, facts, entry, context.nowMs);
	return { ...row, actual_cost: null, vram_peak_bytes: run.vram_peak_bytes };
}
