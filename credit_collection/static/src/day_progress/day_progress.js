import { Component, onWillStart, onWillUpdateProps } from "@odoo/owl";
import { useService } from "@web/core/utils/hooks";

/** What the collector has done today, against what was to be done: above his worklist. */
export class DayProgress extends Component {
    static template = "credit_collection.DayProgress";
    static props = { list: { type: Object, optional: true } };

    setup() {
        this.orm = useService("orm");
        onWillStart(() => this.load());
        onWillUpdateProps(() => this.load());
    }

    async load() {
        this.day = await this.orm.call("credit.collection.case", "get_day_progress");
    }

    get percent() {
        return this.day.to_call ? Math.round((100 * this.day.called) / this.day.to_call) : 0;
    }

    /** Show the cases of one figure, instead of what is searched for now. */
    filter(...names) {
        const model = this.env.searchModel;
        const wanted = this.day.is_mine ? [...names, "my_cases"] : names;
        const items = model.getSearchItems((item) => wanted.includes(item.name));
        model.query = [];
        for (const item of items) {
            model.toggleSearchItem(item.id);
        }
    }
}
