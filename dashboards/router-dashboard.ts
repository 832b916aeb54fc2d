/** The dashboard: which panels there are, in which order, and what each tells. */
import {
	AnnotationQueryBuilder,
	ConstantVariableBuilder,
	type Dashboard,
	DashboardBuilder,
	DashboardCursorSync,
	DatasourceVariableBuilder,
	QueryVariableBuilder,
	RowBuilder,
	VariableRefresh,
	VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';

import { PANELS } from '../adapters/postgres/panels';
import { ALL_VALUE, PANEL_VARIABLES, type PanelVariable } from '../adapters/postgres/panels/macros';
import { VARIABLE_QUERIES } from '../adapters/postgres/panels/variables';
import { costPanels } from './cost-panels';
import { type AnyPanel, DATASOURCE, lines, stackedBars, stat, states, table } from './panel-kinds';
import { POSTGRES_TYPE, SqlQueryBuilder } from './sql-query';

export interface DashboardOptions {
	/** Of the tables. */
	schema: string;
	/** ISO 4217: what the catalog's prices are in. */
	currency: string;
}

export const DASHBOARD_UID = 'comfyui-router';

export function routerDashboard(options: DashboardOptions): Dashboard {
	const money = `currency:${options.currency}`;
	const builder = new DashboardBuilder('ComfyUI Router')
		.uid(DASHBOARD_UID)
		.description(
			'Cost, deadlines, times, servers, quotas and feedback of image jobs. Generated: see docs/dashboards.md.',
		)
		.tags(['comfyui', 'n8n'])
		.timezone('browser')
		.tooltip(DashboardCursorSync.Crosshair)
		.time({ from: 'now-7d', to: 'now' })
		.refresh('5m')
		.editable()
		.withVariable(new DatasourceVariableBuilder('datasource').label('Database').type(POSTGRES_TYPE))
		.withVariable(
			new ConstantVariableBuilder('schema')
				.label('Schema')
				.description('Of the tables; change it in the settings of the dashboard.')
				.value(options.schema),
		)
		.annotation(
			new AnnotationQueryBuilder()
				.name('Models')
				.datasource(DATASOURCE)
				.enable(true)
				.iconColor('purple')
				.target(new SqlQueryBuilder(PANELS.modelsLoaded.sql, 'table', DATASOURCE, 'Anno')),
		);
	for (const variable of PANEL_VARIABLES) builder.withVariable(choice(variable));
	for (const [row, panels] of rows(money)) {
		builder.withRow(new RowBuilder(row));
		for (const panel of panels) builder.withPanel(panel);
	}
	const dashboard = builder.build();
	for (const [index, panel] of (dashboard.panels ?? []).entries()) panel.id = index + 1;
	return dashboard;
}

function choice(name: PanelVariable): QueryVariableBuilder {
	return new QueryVariableBuilder(name)
		.label(name.charAt(0).toUpperCase() + name.slice(1))
		.datasource(DATASOURCE)
		.query(VARIABLE_QUERIES[name].trim())
		.refresh(VariableRefresh.OnTimeRangeChanged)
		.sort(VariableSort.AlphabeticalAsc)
		.multi(true)
		.includeAll(true)
		.allValue(ALL_VALUE)
		.current({ selected: true, text: 'All', value: '$__all' });
}

type Row = readonly [title: string, panels: readonly AnyPanel[]];

function rows(money: string): Row[] {
	return [
		['Overview', overview(money)],
		['Cost', costPanels(money)],
		['Deadlines and quality', deadlines()],
		['Times', times()],
		['Servers', servers()],
		['Quotas and feedback', people()],
	];
}

function overview(money: string): AnyPanel[] {
	const { totals } = PANELS;
	const one = (title: string, field: string, unit: string, description: string): AnyPanel =>
		stat(totals, { title, description, width: 4, unit }, field);
	return [
		one('Images', 'images', 'short', 'Images that successful attempts brought.'),
		one(
			'Cost',
			'cost',
			money,
			'GPU time at the price of its server, failed attempts included; what ran on servers without a price is not in it.',
		),
		one(
			'Cost of an image',
			'cost_per_image',
			money,
			'Cost over the images made on servers with a price.',
		),
		one(
			'Jobs on time',
			'on_time_ratio',
			'percentunit',
			'A job counts once, with its best attempt; refused is late, cancelled is left out.',
		),
		one(
			'Mean quality',
			'quality',
			'none',
			'As the catalog rates model and preset for the purpose, 0 to 1.',
		),
		one('Out of memory', 'ooms', 'short', 'Attempts that ended with an out-of-memory error.'),
	];
}

function deadlines(): AnyPanel[] {
	return [
		lines(PANELS.slaAttainment, {
			title: 'SLA attainment',
			description: 'Share of jobs on time, by urgency.',
			width: 12,
			unit: 'percentunit',
		})
			.interval('1h')
			.max(1),
		stackedBars(PANELS.degradations, {
			title: 'Degradations and why',
			description:
				'Jobs that got less quality than an idle fleet would have given them. Busy fleet: load makes GPU time dear. Queue: what waits would have made them late. Slower than expected, waited too long: Auto-Quality stepped down.',
			width: 12,
			unit: 'short',
		}),
		stackedBars(PANELS.outcomes, {
			title: 'How attempts ended',
			description: 'By status.',
			width: 8,
			unit: 'short',
		}),
		stackedBars(PANELS.ooms, {
			title: 'Out-of-memory errors',
			description:
				'By model and server. The router predicts memory so that there are none: look at what else uses that GPU, and calibrate.',
			width: 8,
			unit: 'short',
		}),
		table(
			PANELS.refusals,
			{
				title: 'Refused requests',
				description: 'By the code of why; docs/troubleshooting.md explains each.',
				width: 8,
				unit: 'short',
			},
			[{ name: 'last_at', title: 'Last', unit: 'dateTimeFromNow' }],
		),
	];
}

function times(): AnyPanel[] {
	return [
		table(
			PANELS.timeByModel,
			{
				title: 'GPU time by model',
				description: 'Load and run, without the queue: median and 95 %, cold and warm apart.',
				width: 12,
				unit: 'short',
			},
			[
				{ name: 'p50_seconds', unit: 's', title: 'Median' },
				{ name: 'p95_seconds', unit: 's', title: '95 %' },
			],
		),
		table(
			PANELS.estimatedAgainstActual,
			{
				title: 'Estimated against actual',
				description: 'Actual over estimated GPU time, by model. 1 is right; above 1 took longer.',
				width: 12,
				unit: 'short',
			},
			[
				{ name: 'unit', hidden: true },
				{ name: 'estimated_cost', hidden: true },
				{ name: 'actual_cost', hidden: true },
				{ name: 'ratio', title: 'Of the sums' },
				{ name: 'ratio_p10', title: '10 %' },
				{ name: 'ratio_p50', title: 'Median' },
				{ name: 'ratio_p90', title: '90 %' },
			],
		),
		lines(PANELS.estimateBias, {
			title: 'Estimates over time',
			description: 'Actual over estimated GPU time. Calibration brings the lines to 1.',
			width: 12,
			unit: 'none',
		}).interval('1h'),
		lines(PANELS.queueWait, {
			title: 'Time in the queue',
			description: '95 % of the runs waited no longer, by urgency.',
			width: 12,
			unit: 's',
		}).interval('15m'),
	];
}

function servers(): AnyPanel[] {
	return [
		table(
			PANELS.serversNow,
			{
				title: 'Servers',
				description: 'The newest reading of each within the last day of the range.',
				width: 24,
				height: 6,
				unit: 'short',
			},
			[
				{ name: 'used_bytes', unit: 'decbytes', title: 'Used' },
				{ name: 'obtainable_bytes', unit: 'decbytes', title: 'A run can get' },
				{ name: 'total_bytes', unit: 'decbytes', title: 'VRAM' },
				{ name: 'observed_at', unit: 'dateTimeFromNow', title: 'Read' },
			],
		),
		lines(PANELS.vramUsed, {
			title: 'VRAM used',
			description:
				'The most of each moment, by device. Annotations: another model became resident.',
			width: 12,
			height: 9,
			unit: 'decbytes',
		}).min(0),
		lines(PANELS.vramObtainable, {
			title: 'VRAM that a run can get',
			description:
				'Share of the device. What ComfyUI holds and would give up counts; a healthy idle server is near 1.',
			width: 12,
			height: 9,
			unit: 'percentunit',
		})
			.min(0)
			.max(1),
		states(PANELS.residentModels, {
			title: 'Resident models',
			description: 'The model that was in VRAM most of each moment.',
			width: 12,
			unit: 'string',
		}),
		stackedBars(PANELS.swaps, {
			title: 'Swaps per hour',
			description: 'Runs that began with loading their weights, by server.',
			width: 12,
			unit: 'short',
		}),
		lines(PANELS.queueLength, {
			title: 'Queue',
			description: 'Jobs running and waiting on each server, mean of the readings.',
			width: 24,
			unit: 'short',
		}).min(0),
	];
}

function people(): AnyPanel[] {
	return [
		table(
			PANELS.quotas,
			{
				title: 'Quotas',
				description: 'Of the running periods, used and reserved, the fullest first.',
				width: 12,
				unit: 'short',
			},
			[
				{ name: 'share', unit: 'percentunit', title: 'Taken' },
				{ name: 'taken', title: 'Amount' },
				{ name: 'allowed', title: 'Limit' },
				{ name: 'resets_at', unit: 'dateTimeFromNow', title: 'Resets' },
			],
		),
		table(
			PANELS.feedback,
			{
				title: 'Feedback',
				description: 'Mean rating with its 90 % interval, and preferences between two images.',
				width: 12,
				unit: 'short',
			},
			[
				{ name: 'rating', title: 'Rating' },
				{ name: 'low', title: 'From' },
				{ name: 'high', title: 'To' },
			],
		),
	];
}
