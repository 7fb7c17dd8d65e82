import { _t } from "@web/core/l10n/translation";
import {
    formatFloat,
    formatInteger,
    formatMonetary,
    formatPercentage,
} from "@web/views/fields/formatters";

const { DateTime } = luxon;

/** A figure as it is read: money without cents, days and percents with one decimal at most. */
export function formatFigure(value, kind, currencyId) {
    if (value === null || value === undefined) {
        return "–";
    }
    switch (kind) {
        case "monetary":
            return formatMonetary(value, { currencyId, digits: [false, 0] });
        case "percent":
            return formatPercentage(value, { digits: [false, 1] });
        case "days":
            return _t("%s days", formatFloat(value, { digits: [false, 1], trailingZeros: false }));
        case "integer":
            return formatInteger(value);
        default:
            return value;
    }
}

/** The same where there is little room: beside a bar, or on an axis. */
export function formatShort(value, kind) {
    if (kind === "monetary") {
        return formatFloat(value, { humanReadable: true, decimals: Math.abs(value) < 1e6 ? 0 : 1 });
    }
    if (kind === "percent") {
        return formatPercentage(value, { digits: [false, 0] });
    }
    return formatFloat(value, { digits: [false, 0] });
}

/** What stands below a bar: a class, a month, or the Monday of a week. */
export function formatLabel(bar) {
    if (bar.is_month) {
        return DateTime.fromISO(bar.label).toLocaleString({ month: "short", year: "2-digit" });
    }
    if (bar.is_week) {
        return DateTime.fromISO(bar.label).toLocaleString({ day: "numeric", month: "short" });
    }
    return bar.label;
}
