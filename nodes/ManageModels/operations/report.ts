/** Report: the page about cost, times, deadlines and VRAM as a file of the item, ready to be mailed. */
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { readReportData } from '../../../adapters/postgres/report-data';
import { systemClock } from '../../../adapters/system-clock';
import { RouterError } from '../../../lib/errors';
import { isCurrency, reportPeriod } from '../../../lib/usage-report';
import { renderReport } from '../../../report/render-report';
import { postgresOf } from '../postgres';

const DEFAULT_DAYS = 7;

interface ReportFields {
	binaryProperty?: string;
	currency?: string;
	title?: string;
}

export async function reportOn(
	context: IExecuteFunctions,
	itemIndex: number,
): Promise<INodeExecutionData> {
	const days = Math.round(
		context.getNodeParameter('reportDays', itemIndex, DEFAULT_DAYS) as number,
	);
	const fields = context.getNodeParameter('options', itemIndex, {}) as ReportFields;
	const { binaryProperty = 'report', currency = 'USD', title } = fields;
	if (!isCurrency(currency)) throw noCurrency(currency);
	const store = await postgresOf(context, itemIndex);
	await store.migrate();
	const period = reportPeriod(systemClock.nowMs(), days);
	const data = await readReportData(store.pool, period);
	const page = Buffer.from(renderReport(data, { currency, title: title || undefined }));
	const [from, to] = [period.fromMs, period.toMs].map((ms) => new Date(ms).toISOString());
	const { jobs, onTimeRatio, images, cost, quality, ooms } = data.totals;
	return {
		json: {
			operation: 'report',
			from,
			to,
			jobs,
			images,
			cost,
			currency,
			on_time_ratio: onTimeRatio,
			mean_quality: quality,
			oom_count: ooms,
		},
		binary: {
			[binaryProperty]: await context.helpers.prepareBinaryData(
				page,
				`comfyui-usage-${to?.slice(0, 10)}.html`,
				'text/html',
			),
		},
	};
}

function noCurrency(currency: string): RouterError {
	return new RouterError({
		code: 'OPTIONS_INVALID',
		message: `"${currency}" is not a currency.`,
		hint: 'Use its code, such as USD or EUR.',
	});
}
