import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const tours = registry.category("web_tour.tours");
const notice = (customer) => `[name=dunning_ids] .o_data_row:contains(${customer})`;

tours.add("credit_collection_run", {
    url: "/odoo",
    steps: () => [
        ...stepUtils.goToAppSteps(
            "credit_collection.credit_collection_menu_root",
            "Open Collections",
        ),
        {
            content: "The customers who are late",
            trigger: ".o_list_view .o_data_row:contains(Late Payer Ltd)",
        },
        {
            content: "Who should be reminded today?",
            trigger: ".o_control_panel_main_buttons button:contains(Run)",
            run: "click",
        },
        {
            content: "Nothing is sent before the approval",
            trigger: ".o_form_view .alert:contains(Nothing is sent yet)",
        },
        {
            content: "Leave one customer out",
            trigger: `${notice("Patient Ltd")} button[name=action_leave_out]`,
            run: "click",
        },
        {
            content: "He is not in the proposal any more",
            trigger: `.o_form_view:not(:has(${notice("Patient Ltd")}))`,
        },
        {
            content: "The journal says what was left out",
            trigger: "a.nav-link[name=left_out]",
            run: "click",
        },
        {
            trigger: "[name=exclusion_ids] .o_data_row:contains(Left out by hand)",
        },
        {
            content: "Approve what remains",
            trigger: "button[name=action_approve]",
            run: "click",
        },
        {
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(Approved)",
        },
        {
            content: "Look at the notices",
            trigger: "button.oe_stat_button[name=action_open_dunnings]:contains(Notices)",
            run: "click",
        },
        {
            trigger:
                ".o_list_view .o_data_row:contains(Late Payer Ltd) .o_data_cell[name=customer_id]",
            run: "click",
        },
        {
            content: "The invoices that the notice claims",
            trigger: ".o_form_view [name=line_ids] .o_data_row",
        },
    ],
});

tours.add("credit_collection_hold", {
    steps: () => [
        {
            content: "What happens with this invoice?",
            trigger: "a.nav-link[name=credit_collection]",
            run: "click",
        },
        {
            trigger: ".alert:contains(the next run proposes it)",
        },
        {
            content: "The customer has a question",
            trigger: "button[name=action_collection_hold]",
            run: "click",
        },
        {
            trigger: ".modal [name=reason] input",
            run: "click",
        },
        {
            trigger: ".o_select_menu_item:contains(Question being answered)",
            run: "click",
        },
        {
            trigger: ".modal [name=date_end] input",
            run: "edit 12/31/2027",
        },
        {
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            content: "The invoice is on hold",
            trigger: "body:not(:has(.modal)) .alert:contains(On hold until)",
        },
        {
            content: "The question is answered: release the hold",
            trigger: "button[name=action_collection_open_case]",
            run: "click",
        },
        {
            trigger: "a.nav-link[name=holds]",
            run: "click",
        },
        {
            trigger: "[name=hold_ids] button[name=action_release]",
            run: "click",
        },
        {
            content: "The next run takes over",
            trigger: ".alert:contains(the next run proposes it)",
        },
    ],
});

tours.add("credit_collection_policy", {
    url: "/odoo/collection-policies",
    steps: () => [
        {
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            trigger: ".o_form_view [name=name] input",
            run: "edit Large accounts",
        },
        {
            content: "A first level",
            trigger: "[name=level_ids] .o_field_x2many_list_row_add a",
            run: "click",
        },
        {
            trigger: "[name=level_ids] .o_selected_row [name=name] input",
            run: "edit Friendly word",
        },
        {
            trigger: "[name=level_ids] .o_selected_row [name=delay_days] input",
            run: "edit 10",
        },
        {
            content: "A second level",
            trigger: "[name=level_ids] .o_field_x2many_list_row_add a",
            run: "click",
        },
        {
            trigger: "[name=level_ids] .o_data_row:nth-child(2).o_selected_row [name=name] input",
            run: "edit Firm word",
        },
        {
            trigger: "[name=level_ids] .o_selected_row [name=delay_days] input",
            run: "edit 30",
        },
        {
            trigger: "[name=level_ids] .o_selected_row [name=wait_days] input",
            run: "edit 14",
        },
        ...stepUtils.saveForm(),
        {
            content: "The ladder in words",
            trigger: ".alert:contains(at least 14 days after the previous notice)",
        },
    ],
});

tours.add("credit_collection_no_rights_invoice", {
    steps: () => [
        {
            content: "The invoice opens as ever",
            trigger: ".o_form_view [name=invoice_line_ids] .o_data_row",
        },
        {
            content: "and shows nothing of collections",
            trigger: ".o_form_view:not(:has(.nav-link[name=credit_collection]))",
        },
    ],
});

tours.add("credit_collection_no_rights_customer", {
    steps: () => [
        {
            content: "The customer opens as ever",
            trigger: ".o_form_view .o_breadcrumb:contains(Late Payer Ltd)",
        },
        {
            content: "and shows nothing of collections",
            trigger: ".o_form_view:not(:has(.nav-link[name=credit_collection]))",
        },
    ],
});

tours.add("credit_collection_payment_plan", {
    steps: () => [
        {
            content: "The customer asks to pay in installments",
            trigger: "button[name=action_payment_plan]",
            run: "click",
        },
        {
            content: "In two of them",
            trigger: "[name=installment_count] input",
            run: "edit 2",
        },
        {
            content: "What is overdue is in the plan",
            trigger: "a.nav-link[name=items]",
            run: "click",
        },
        {
            trigger: "[name=line_ids] .o_data_row:contains(100.00)",
        },
        {
            trigger: "a.nav-link[name=installments]",
            run: "click",
        },
        {
            content: "How much, and when?",
            trigger: "button[name=action_make_installments]",
            run: "click",
        },
        {
            content: "The preview",
            trigger: "[name=installment_ids] .o_data_row:eq(1):contains(50.00)",
        },
        {
            trigger: "button[name=action_propose]",
            run: "click",
        },
        {
            content: "The agreement is there to be signed",
            trigger: "a.nav-link[name=document]",
        },
        {
            content: "The customer has signed",
            trigger: "button[name=action_activate]",
            run: "click",
        },
        {
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(Active)",
        },
        {
            content: "Nothing of it is reminded",
            trigger: "button.oe_stat_button[name=action_open_case]",
            run: "click",
        },
        {
            trigger: "[name=item_ids] .o_data_row:contains(On hold)",
        },
    ],
});
