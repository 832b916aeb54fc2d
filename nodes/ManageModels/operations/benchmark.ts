/** Benchmark: measures on idle servers what the catalog only estimates. */
import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { systemClock } from '../../../adapters/system-clock';
import { systemRandom } from '../../../adapters/system-random';
import type { BenchmarkWishes } from '../../../lib/benchmark-plan';
import { formatSeconds } from '../../../lib/units';
import {
	benchmarkModels,
	type BenchmarkProgress,
	type BenchmarkResult,
	type WhenBusy,
} from '../../../service/benchmark-models';
import { readCatalog } from '../../shared/catalog-source';
import { listOf } from '../../shared/fields';
import { jobIdPrefix } from '../../shared/job-id';
import { hasPostgres, postgresOf } from '../postgres';
import { onEachServer, warn } from '../servers';

const SECONDS_PER_MINUTE = 60;
const MS_PER_MINUTE = 60_000;

interface Bounds {
	repeats?: number;
	cold?: boolean;
	maxRuns?: number;
	maxMinutes?: number;
	waitMinutes?: number;
	megapixels?: string;
}

export async function benchmarkOn(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<IDataObject[]> {
	const parameter = (name: string) => context.getNodeParameter(name, itemIndex, '') as string;
	const bounds = context.getNodeParameter('options', itemIndex, {}) as Bounds;
	const catalog = await readCatalog(context, (name) => context.getNodeParameter(name, itemIndex));
	const store = hasPostgres(context) ? await postgresOf(context, itemIndex) : null;
	const { waitMinutes = 10 } = bounds;
	return await onEachServer(context, itemIndex, async (server) => {
		const result = await benchmarkModels({
			server,
			catalog,
			wishes: wishesOf(parameter, bounds),
			clock: systemClock,
			random: systemRandom,
			store,
			jobIdPrefix: `${jobIdPrefix(context)}${itemIndex}/${server.name}`,
			workflowId: context.getWorkflow().id ?? null,
			executionId: context.getExecutionId(),
			dryRun: context.getNodeParameter('estimateOnly', itemIndex, false) as boolean,
			whenBusy: parameter('whenBusy') as WhenBusy,
			maxWaitMs: waitMinutes * MS_PER_MINUTE,
			onProgress: (progress) => tell(context, server.name, progress),
			signal: context.getExecutionCancelSignal?.(),
		});
		for (const problem of [result.stopped, result.log_error]) {
			if (problem !== null) warn(context, `${server.name}: ${problem}`);
		}
		return report(result);
	});
}

function wishesOf(
	parameter: (name: string) => string,
	{ repeats, cold, maxRuns, maxMinutes, megapixels }: Bounds,
): BenchmarkWishes {
	return {
		models: listOf(parameter('models')),
		presets: listOf(parameter('presets')),
		scope: parameter('scope') === 'all' ? 'all' : 'missing',
		megapixels: listOf(megapixels).map(Number),
		...(repeats === undefined ? {} : { repeats }),
		...(cold === undefined ? {} : { cold }),
		...(maxRuns === undefined ? {} : { maxRuns }),
		...(maxMinutes === undefined ? {} : { maxSeconds: maxMinutes * SECONDS_PER_MINUTE }),
	};
}

/** To the browser's console while somebody is looking, as n8n offers it; older versions do not. */
function tell(context: IExecuteFunctions, server: string, progress: BenchmarkProgress): void {
	const { done, total, next, remaining_seconds: rest } = progress;
	const what = `${next.model_name} / ${next.preset} ${next.width}x${next.height}, ${next.kind}`;
	const left = formatSeconds(rest);
	context.sendMessageToUI?.(`${server}: run ${done + 1} of ${total} (${what}), ${left} left`);
}

function report({ plan, runs, suggestions, ...rest }: BenchmarkResult): IDataObject {
	const done = runs.filter(({ status }) => status === 'success').length;
	return {
		operation: 'benchmark',
		summary: `${done} of ${plan.runs.length} runs measured, ${suggestions.length} figures suggested.`,
		estimated_seconds: plan.estimated_seconds,
		estimate: `${plan.runs.length} runs, about ${formatSeconds(plan.estimated_seconds)}`,
		plan: plan.runs as unknown as IDataObject[],
		skipped: plan.skipped as unknown as IDataObject[],
		runs: runs as unknown as IDataObject[],
		suggestions: suggestions as unknown as IDataObject[],
		...rest,
	};
}
