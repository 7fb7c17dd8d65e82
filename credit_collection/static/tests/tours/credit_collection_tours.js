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

tours.add("credit_collection_leave_out", {
    steps: () => [
        {
            content: "Look into a notice",
            trigger: `${notice("Late Payer Ltd")} .o_data_cell[name=customer_id]`,
            run: "click",
        },
        {
            content: "Leave one of two invoices out",
            trigger:
                ".modal [name=line_ids]:has(.o_data_row + .o_data_row) button[name=action_leave_out]:first",
            run: "click",
        },
        {
            content: "The notice is still there, with the other one",
            trigger:
                ".modal [name=line_ids]:not(:has(.o_data_row + .o_data_row)) button[name=action_leave_out]",
            run: "click",
        },
        {
            content: "Nothing is left: the run is shown again",
            trigger:
                "body:not(:has(.modal)) .o_form_view .alert:contains(Nobody is to be reminded)",
        },
    ],
});

tours.add("credit_collection_promise", {
    steps: () => [
        {
            content: "The customer says when he pays",
            trigger: "button[name=action_promise]",
            run: "click",
        },
        {
            content: "All that he owes is proposed",
            trigger: ".modal [name=amount] input:value(100.00)",
        },
        {
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            content: "He is not reminded",
            trigger: "body:not(:has(.modal)) .alert:contains(Payment announced)",
        },
        {
            trigger: "button[name=action_open_promises]",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains(Late Payer Ltd) .o_data_cell[name=case_id]",
            run: "click",
        },
        {
            content: "He has changed his mind",
            trigger: ".o_form_view button[name=action_cancel]",
            run: "click",
        },
        {
            trigger: ".modal .modal-footer .btn-primary",
            run: "click",
        },
        {
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(Cancelled)",
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

tours.add("credit_collection_dispute", {
    steps: () => [
        {
            trigger: "a.nav-link[name=credit_collection]",
            run: "click",
        },
        {
            content: "The customer disputes the price of a part",
            trigger: "button[name=action_collection_dispute]",
            run: "click",
        },
        {
            content: "All that is open is proposed",
            trigger: ".modal [name=amount] input:value(100.00)",
            run: "edit 40.00",
        },
        {
            trigger: ".modal [name=reason_id] input",
            run: "edit Price",
        },
        {
            trigger: ".ui-autocomplete a:contains(Price)",
            run: "click",
        },
        {
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            content: "The rest goes on being collected",
            trigger:
                "body:not(:has(.modal)) .alert:contains(40.00) strong:contains(What happens next)",
        },
        {
            content: "Open the case, and its disputes",
            trigger: "button[name=action_collection_open_case]",
            run: "click",
        },
        {
            trigger: "button.oe_stat_button[name=action_open_disputes]:contains(1)",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains(Late Payer Ltd) .o_data_cell[name=amount]",
            run: "click",
        },
        {
            content: "Not without an answer",
            trigger: "button[name=action_reject]",
            run: "click",
        },
        {
            trigger: ".modal:contains(Write what you answered) .btn-primary",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) [name=resolution] textarea",
            run: "edit The price is the one of your order.",
        },
        {
            trigger: "button[name=action_reject]",
            run: "click",
        },
        {
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(Rejected)",
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

tours.add("credit_collection_charge_propose", {
    steps: () => [
        {
            content: "Look into a notice",
            trigger: `${notice("Late Payer Ltd")} .o_data_cell[name=customer_id]`,
            run: "click",
        },
        {
            content: "Interest and compensation that it claims",
            trigger: ".modal a.nav-link[name=charges]",
            run: "click",
        },
        {
            content: "Waive the compensation",
            trigger:
                ".modal [name=charge_ids] .o_data_row:contains(40.00) button[name=action_waive]",
            run: "click",
        },
        {
            content: "Say why",
            trigger: ".modal [name=reason] input",
            run: "edit A good customer",
        },
        {
            trigger: ".modal button[name=action_decide]:visible",
            run: "click",
        },
        {
            content: "It is waived, the interest is still proposed",
            trigger: ".modal [name=charge_ids] .o_data_row:contains(Waived)",
        },
        {
            trigger: ".modal .btn-close",
            run: "click",
        },
        {
            content: "Approve the run",
            trigger: "body:not(:has(.modal)) button[name=action_approve]",
            run: "click",
        },
        {
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(Approved)",
        },
    ],
});

tours.add("credit_collection_charge_post", {
    steps: () => [
        {
            content: "What is claimed beside the invoices",
            trigger: "button[name=action_open_charges]",
            run: "click",
        },
        {
            content: "Open the interest",
            trigger: ".o_list_view .o_data_row:contains(Claimed) .o_data_cell[name=name]",
            run: "click",
        },
        {
            content: "Book it",
            trigger: ".o_form_view button[name=action_post]",
            run: "click",
        },
        {
            content: "It is booked",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(Posted)",
        },
        {
            content: "Take the booking back",
            trigger: ".o_form_view button[name=action_reverse]",
            run: "click",
        },
        {
            trigger: ".modal [name=reason] input",
            run: "edit Booked too early",
        },
        {
            trigger: ".modal button[name=action_decide]:visible",
            run: "click",
        },
        {
            content: "It is claimed, and booked nowhere",
            trigger:
                "body:not(:has(.modal)) .o_statusbar_status .o_arrow_button_current:contains(Claimed)",
        },
        {
            trigger: ".o_form_view .alert:contains(Booked too early)",
        },
    ],
});

tours.add("credit_collection_handover", {
    steps: () => [
        {
            content: "The lawyer asks for everything about this customer",
            trigger: "button[name=action_handover]",
            run: "click",
        },
        {
            content: "It says what is missing",
            trigger: "[name=gap_ids] .o_data_row:contains(contract)",
        },
        {
            trigger: "a.nav-link[name=documents]",
            run: "click",
        },
        {
            content: "The invoice is in it",
            trigger: "[name=annex_ids] .o_data_row:contains(2.1)",
        },
        {
            content: "Both files can be taken along",
            trigger: "button[name=action_download_pdf]",
        },
        {
            trigger: "button[name=action_download_zip]",
        },
        {
            trigger: "button.oe_stat_button[name=action_open_case]",
            run: "click",
        },
        {
            content: "When does the claim lapse, and why?",
            trigger: "[name=item_ids] .o_data_row button[name=action_limitation]",
            run: "click",
        },
        {
            trigger: ".modal [name=line_ids] .o_data_row:contains(Start)",
        },
        {
            trigger: ".modal footer button.btn-primary",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal))",
        },
    ],
});

tours.add("credit_collection_litigation", {
    steps: () => [
        {
            content: "The case goes to the lawyer",
            trigger: ".o_form_view .o_cp_action_menus i.fa-cog",
            run: "click",
        },
        {
            trigger: ".o-dropdown--menu .o_menu_item:contains(Litigation)",
            run: "click",
        },
        {
            trigger: "[name=kind_id] input",
            run: "edit Full",
        },
        {
            trigger: ".ui-autocomplete a:contains(Full proceedings)",
            run: "click",
        },
        {
            content: "What is overdue is covered",
            trigger: "a.nav-link[name=items]",
            run: "click",
        },
        {
            trigger: "[name=line_ids] .o_data_row:contains(100.00)",
        },
        {
            trigger: "a.nav-link[name=amounts]",
            run: "click",
        },
        {
            content: "What is open is proposed as the principal",
            trigger: "[name=amount_principal] input:value(100.00)",
        },
        {
            trigger: "[name=amount_interest] input",
            run: "edit 4.50",
        },
        {
            trigger: "a.nav-link[name=parties]",
            run: "click",
        },
        {
            content: "Who is our lawyer?",
            trigger: "[name=party_ids] .o_field_x2many_list_row_add a",
            run: "click",
        },
        {
            trigger: "[name=party_ids] .o_data_row [name=partner_id] input",
            run: "edit Maître",
        },
        {
            trigger: ".ui-autocomplete a:contains(Maître Dupont)",
            run: "click",
        },
        {
            trigger: "[name=party_ids] .o_data_row [name=reference] input",
            run: "edit D/2026/17",
        },
        {
            trigger: "button[name=action_open]",
            run: "click",
        },
        {
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(File handed over)",
        },
        {
            content: "The summons is served",
            trigger: "button[name=action_next_stage]",
            run: "click",
        },
        {
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(Summons served)",
        },
        {
            trigger: "a.nav-link[name=steps]",
            run: "click",
        },
        {
            trigger: "[name=step_ids] .o_data_row:contains(Summons served)",
        },
        {
            content: "The customer has paid after all",
            trigger: "button[name=action_close_wizard]:not(.d-none)",
            run: "click",
        },
        {
            trigger: ".modal [name=outcome] input[data-value=cancel]",
            run: "click",
        },
        {
            trigger: ".modal button[name=action_close]",
            run: "click",
        },
        {
            trigger:
                "body:not(:has(.modal)) .o_statusbar_status .o_arrow_button_current:contains(Withdrawn)",
        },
        {
            content: "The case is collected again",
            trigger: "button.oe_stat_button[name=action_open_case]",
            run: "click",
        },
        {
            trigger: "[name=item_ids] .o_data_row:contains(To be reminded)",
        },
    ],
});

tours.add("credit_collection_insolvency", {
    steps: () => [
        {
            trigger: "a.nav-link[name=credit_collection]",
            run: "click",
        },
        {
            content: "The customer is bankrupt",
            trigger: "button[name=action_collection_litigation]",
            run: "click",
        },
        {
            trigger: "[name=kind_id] input",
            run: "edit Bankruptcy",
        },
        {
            trigger: ".ui-autocomplete a:contains('Bankruptcy (BE)')",
            run: "click",
        },
        {
            content: "Everything that he owes is covered",
            trigger: "[name=covers_customer] input:checked",
        },
        {
            content: "Not without the day of the judgment",
            trigger: "button[name=action_open]",
            run: "click",
        },
        {
            trigger: ".modal:contains(Enter the day of the opening judgment) .btn-primary",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) [name=date_judgment] input",
            run: "edit 02/25/2026 && press Tab",
        },
        {
            content: "Thirty days to file the claim",
            trigger: "[name=date_filing_deadline] button:contains(Mar 27)",
        },
        {
            trigger: "button[name=action_open]",
            run: "click",
        },
        {
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(Procedure opened)",
        },
        {
            content: "There was nothing",
            trigger: "button[name=action_close_wizard]",
            run: "click",
        },
        {
            trigger: ".modal [name=outcome] input[data-value=irrecoverable]:checked",
        },
        {
            trigger: ".modal button[name=action_close]",
            run: "click",
        },
        {
            content: "The write-off is proposed",
            trigger: ".modal [name=line_ids] .o_data_row:contains(100.00)",
        },
        {
            trigger: ".modal .btn-close",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal))",
        },
    ],
});

const worklist = (customer) =>
    `.o_list_view .o_data_row:contains(${customer}) .o_data_cell[name=partner_id]`;
const outcome = (name) => `.modal .o_selection_badge:contains(${name})`;
const backToWorklist = {
    content: "Back to the worklist",
    trigger: ".o_back_button, .breadcrumb-item a:contains(Cases)",
    run: "click",
};

tours.add("credit_collection_day", {
    url: "/odoo",
    steps: () => [
        ...stepUtils.goToAppSteps(
            "credit_collection.credit_collection_menu_root",
            "Open Collections",
        ),
        {
            content: "Two customers are to be called today",
            trigger: ".o_credit_collection_called:contains(of 2)",
            run: "click",
        },
        {
            content: "The most urgent one comes first",
            trigger: ".o_searchview_facet:contains(To Call Today)",
        },
        {
            trigger: ".o_data_row:first:contains(Late Payer Ltd) .o_data_cell[name=partner_id]",
            run: "click",
        },
        {
            content: "Why is it the first one?",
            trigger: ".o_form_view [name=priority_text]:contains(amount)",
        },
        {
            content: "Whom to call, and where",
            trigger: "[name=call_partner_ids] a[href^='tel:']",
        },
        {
            content: "What to know before",
            trigger: ".alert-warning:contains(A consumer)",
        },
        {
            content: "She does not answer",
            trigger: "button[name=action_contact]",
            run: "click",
        },
        {
            trigger: outcome("Voice mail"),
            run: "click",
        },
        {
            trigger: ".modal button[name=action_next_step]",
            run: "click",
        },
        {
            content: "Said today, and told in the time line",
            trigger: "body:not(:has(.modal)) .alert-warning:contains(Called already today)",
        },
        {
            trigger: "a.nav-link[name=time_line]",
            run: "click",
        },
        {
            trigger: "[name=event_ids] .o_data_row:contains(Voice mail)",
        },
        backToWorklist,
        {
            content: "One of two is called",
            trigger: ".o_credit_collection_called:contains(1 of 2)",
        },
        {
            trigger: worklist("Patient Ltd"),
            run: "click",
        },
        {
            trigger: "a.nav-link[name=items]",
            run: "click",
        },
        {
            content: "He speaks of one of his invoices",
            trigger: "[name=item_ids] .o_data_row:contains(70.00) button[name=action_tick]",
            run: "click",
        },
        {
            trigger:
                "[name=item_ids] .o_data_row:contains(70.00) button[name=action_tick] .fa-check-square-o",
        },
        {
            content: "He will pay it",
            trigger: "button[name=action_contact]",
            run: "click",
        },
        {
            trigger: outcome("Will pay"),
            run: "click",
        },
        {
            trigger: ".modal [name=note] textarea",
            run: "edit On Friday, she says.",
        },
        {
            trigger: ".modal button[name=action_next_step]",
            run: "click",
        },
        {
            content: "The promise is about what is ticked",
            trigger: ".modal [name=date_promised]",
        },
        {
            trigger: ".modal [name=amount] input:value(70.00)",
        },
        {
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) [name=item_ids] .o_data_row:contains(On hold)",
        },
        {
            content: "What is due for the rest leaves now",
            trigger: "button[name=action_send_now]",
            run: "click",
        },
        {
            trigger: ".modal .modal-footer .btn-primary:contains(Send Now)",
            run: "click",
        },
        {
            trigger: ".o_notification:contains(about to be sent)",
        },
        backToWorklist,
        {
            content: "Both are called, and one has promised",
            trigger: ".o_credit_collection_called:contains(2 of 2)",
        },
        {
            trigger: ".o_credit_collection_promised:contains(70)",
        },
        {
            content: "Somebody has answered",
            trigger: ".o_credit_collection_answers:contains(1)",
            run: "click",
        },
        {
            trigger: worklist("Writer Ltd"),
            run: "click",
        },
        {
            trigger: "button[name=action_read_answers]",
            run: "click",
        },
        {
            content: "The day is done",
            trigger: ".o_form_view:not(:has(button[name=action_read_answers]))",
        },
    ],
});

tours.add("credit_collection_statement", {
    steps: () => [
        {
            content: "What does he owe us?",
            trigger: "button[name=action_statement]",
            run: "click",
        },
        {
            content: "The statement is shown before it is sent",
            trigger: ".modal [name=preview]:contains(Open credits)",
        },
        {
            content: "Every movement instead",
            trigger: ".modal [name=kind] .o_radio_item:contains(Movements) input",
            run: "click",
        },
        {
            trigger: ".modal [name=preview]:contains(Matched with)",
        },
        {
            content: "With some words",
            trigger: ".modal [name=note] textarea",
            run: "edit As discussed on the phone.",
        },
        {
            content: "Press another field, so that the words are taken",
            trigger: ".modal [name=has_workbook] input",
            run: "click",
        },
        {
            trigger: ".modal [name=preview]:contains(As discussed on the phone.)",
        },
        {
            content: "Send it",
            trigger: ".modal button[name=action_send]",
            run: "click",
        },
        {
            trigger: ".o_notification:contains(handed to the mail server)",
        },
    ],
});

tours.add("credit_collection_cockpit", {
    steps: () => [
        {
            content: "Both clients, whichever is worked in",
            trigger: ".o_list_view .o_data_row:contains(Other Client)",
        },
        {
            content: "Go on in the other one",
            trigger: ".o_data_row:contains(Other Client) .o_data_cell[name=company_id]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "His customers alone",
            trigger: ".o_list_view .o_data_row:contains(Only Of Other Ltd)",
        },
        {
            trigger: ".o_list_view:not(:has(.o_data_row:contains(Late Payer Ltd)))",
        },
    ],
});
