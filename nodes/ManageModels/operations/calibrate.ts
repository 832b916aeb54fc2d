/** Calibrate: figures learned from logged runs and from the servers' own histories. */
import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { PostgresUsageHistory } from '../../../adapters/postgres/usage-history';
import { systemClock } from '../../../adapters/system-clock';
import type { FigureProposal } from '../../../lib/calibration';
import type { ComfyUiPort, UsageHistoryPort } from '../../../lib/ports';
import { calibrateCatalog, type CalibrateResult } from '../../../service/calibrate';
import { openCatalog, type OpenCatalog } from '../catalog-port';
import { postgresOf } from '../postgres';
import { warn, withServers } from '../servers';

export async function calibrateOn(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<IDataObject[]> {
	const write = context.getNodeParameter('write', itemIndex, false) as boolean;
	const learnFrom = context.getNodeParameter('learnFrom', itemIndex, 'log') as string;
	const { sinceDays } = context.getNodeParameter('options', itemIndex, {}) as {
		sinceDays?: number;
	};
	const catalog = await openCatalog(context, itemIndex, { createMissing: false });
	const history = learnFrom === 'servers' ? null : await historyOf(context, itemIndex);
	const signal = context.getExecutionCancelSignal?.();
	const run = (servers: readonly ComfyUiPort[]) =>
		calibrateCatalog({
			catalog: catalog.port,
			history,
			servers,
			clock: systemClock,
			sinceDays,
			write,
			signal,
		});
	const result = learnFrom === 'log' ? await run([]) : await withServers(context, itemIndex, run);
	for (const warning of result.warnings) warn(context, warning);
	return [report(catalog, result)];
}

async function historyOf(context: IExecuteFunctions, itemIndex: number): Promise<UsageHistoryPort> {
	const store = await postgresOf(context, itemIndex);
	await store.migrate();
	return new PostgresUsageHistory(store.pool);
}

function report({ where, edited }: OpenCatalog, result: CalibrateResult): IDataObject {
	const { plan, written, backup, logged, foreign, leftOut, warnings } = result;
	const changing = plan.proposals.filter(({ change }) => change);
	const counts = { runs_logged: logged, runs_foreign: foreign, figures: plan.proposals.length };
	return {
		operation: 'calibrate',
		catalog: where,
		changed: plan.changes.length > 0,
		written,
		backup,
		counts: { ...counts, changes: changing.length, left_out: { ...leftOut } },
		summary: summaryOf(changing.length, logged + foreign, written),
		difference: changing.map((one) => `${describe(one)}\n`).join(''),
		proposals: plan.proposals as unknown as IDataObject[],
		warnings,
		...(edited ? { updated_catalog: edited() as IDataObject } : {}),
	};
}

function describe({ model, preset, figure, old, new: learned, n, why }: FigureProposal): string {
	const what = preset === null ? model : `${model} / ${preset}`;
	return `~ ${what}: ${figure} ${old ?? 'unknown'} -> ${learned} (n ${n}): ${why}`;
}

function summaryOf(changes: number, runs: number, written: boolean): string {
	if (runs === 0) return 'No runs were found to learn from.';
	if (changes === 0) return `${runs} runs agree with the catalog's figures.`;
	const figures = changes === 1 ? '1 figure' : `${changes} figures`;
	return `${figures} learned from ${runs} runs; ${written ? 'written' : 'nothing was written'}.`;
}
