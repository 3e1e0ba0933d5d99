/** A made-up table as a catalog knows it: names, and what somebody wrote of it. */
export type LabelledTable = {
  name: string;
  columns: string[];
  description: string | null;
  owner: string | null;
  tags: string[];
  /** Descriptions of columns. */
  about: Record<string, string>;
};

/**
 * Tables of thirteen domains, a line each: `name: columns | description | column = its description; … | @owner #tag`.
 * Names are as people give them: snake and camel case, abbreviations, German and Spanish; most have no description.
 */
const lines = `
customers: customer_id first_name last_name email phone city country signup_date segment
orders: order_id customer_id order_date status total_amount currency ship_city
order_items: order_id line_no product_id qty unit_price discount
products: product_id product_name category_id list_price weight_kg discontinued
product_categories: category_id category_name parent_category_id
stock_levels: sku warehouse_code on_hand reorder_point counted_at | How many pieces of each article lie in each warehouse, counted nightly.
returns: return_id order_id reason_code refund_amount returned_at | Goods that came back from shoppers and what they were paid back.
vendorMaster: vendorId vendorName vendorCountry paymentTermsDays rating | @procurement
purchase_orders: po_number vendor_id ordered_on expected_on value_eur approved_by | What we order from suppliers.
loyalty_points: member_no tier points_balance last_activity

telco_subscribers: msisdn subscriber_since tariff_plan contract_months monthly_charges churned
call_detail_records: call_id msisdn started_at duration_s cell_id call_type | Every phone call that went over the network. | | #telecom
data_usage_daily: msisdn usage_date mb_down mb_up roaming
network_outages: outage_id cell_id began_at ended_at cause_code affected_subscribers
support_tickets: ticket_id msisdn opened_at closed_at topic satisfaction_score
cell_towers: cell_id latitude longitude technology azimuth height_m

acct_master: acct_no cust_id acct_type open_dt close_dt bal_amt branch_cd | Current and savings accounts of the bank.
card_transactions: tx_id card_no merchant_id tx_ts amount mcc is_fraud
loan_applications: application_id applicant_income loan_amount term_months purpose credit_score approved
loan_repayments: loan_id due_date paid_date amount_due amount_paid days_past_due
fx_rates: base_ccy quote_ccy rate_date mid_rate | Daily exchange rates of currencies against each other.
merchants: merchant_id merchant_name mcc city onboarding_date
atm_withdrawals: atm_id card_no withdrawn_at amt
kyc_checks: check_id cust_id doc_type verified_at risk_level | Identity checks on new clients against money laundering.

patients: patient_id birth_date sex postcode blood_group
admissions: admission_id patient_id ward admitted_at discharged_at readmitted_30d | Hospital stays; the last column says whether they had to come back within a month.
lab_results: result_id patient_id test_code value unit taken_at
prescriptions: rx_id patient_id drug_code dose_mg prescribed_by prescribed_on
diagnoses: patient_id icd10 diagnosed_on severity
physicians: physician_id full_name specialty hospital_id
vaccinationRecords: patientId vaccineCode doseNumber givenOn lotNumber
er_wait_times: visit_id triage_level arrived_at seen_at | How long people sit in the emergency room before a doctor sees them.

shipments: shipment_id order_id carrier_id shipped_at delivered_at weight_kg freight_cost
carriers: carrier_id carrier_name mode country
delivery_routes: route_id driver_id vehicle_id planned_km actual_km service_date
fleet_vehicles: vehicle_id plate make model_year odometer_km fuel_type
fuel_purchases: vehicle_id filled_at litres price_per_litre station
customs_declarations: declaration_id shipment_id hs_code duty_paid cleared_at

emp_master: emp_no emp_nm dept_cd hire_dt term_dt grade mgr_emp_no | People who work here, one row each.
payroll_runs: run_id emp_no period gross_pay net_pay tax_withheld
absence_log: emp_no absence_from absence_to absence_type
job_applicants: applicant_id vacancy_id applied_on stage rejected_reason
training_courses: course_id title provider hours cost
employee_training: emp_no course_id completed_on score
engagement_survey: response_id team question_no answer wave | Anonymous questionnaire on how happy staff is.

smart_meter_readings: meter_id read_at kwh voltage
wind_turbines: turbine_id site hub_height_m rated_kw commissioned
turbine_telemetry: turbine_id ts rotor_rpm nacelle_temp power_kw vibration_mm_s
weather_hourly: station_id obs_hour air_temp humidity wind_speed precipitation_mm
gridOutages: outageId feederId startTime endTime customersAffected | When and where the electricity was off.
ev_charging_sessions: session_id charger_id plugged_at unplugged_at kwh_delivered tariff

policies: policy_no holder_id product_line inception_date expiry_date annual_premium | Insurance contracts in force and lapsed.
claims: claim_no policy_no loss_date reported_date paid_amount suspected_fraud
policy_holders: holder_id name date_of_birth occupation smoker
adjuster_visits: visit_id claim_no adjuster visited_on damage_estimate

students: student_id enrolled_year programme gpa dropped_out
enrolments: student_id course_code term mark
course_catalogue: course_code course_title credits faculty
exam_sittings: sitting_id course_code room sat_on invigilator
library_loans: loan_id student_id isbn borrowed_on returned_on fine

page_views: visitor_id url viewed_at referrer device
ad_campaigns: campaign_id channel budget starts_on ends_on
ad_clicks: click_id campaign_id visitor_id clicked_at cost_per_click
email_sends: send_id campaign_id recipient opened clicked bounced
webSessions: sessionId visitorId startedAt pagesSeen converted
ab_test_results: experiment variant visitors conversions p_value

hotel_bookings: booking_id guest_id room_type check_in check_out nights cancelled lead_time_days
guests: guest_id nationality loyalty_tier birthday
room_rates: room_type rate_date price channel
flight_legs: leg_id flight_no origin destination sched_dep actual_dep dep_delay_min
airports: iata name city runway_count elevation_ft
bike_trips: trip_id bike_id start_station end_station started_at minutes

machines: machine_id line vendor installed_on max_rpm
machine_downtime: machine_id stopped_at restarted_at reason | When equipment on the shop floor stood still, and why.
quality_inspections: lot_id inspected_at defects_found inspector passed
bill_of_materials: parent_part child_part units_per_parent scrap_rate
production_orders: prod_order part_no planned_qty good_qty started finished

house_sales: parcel_id sold_on sale_price living_area_sqm bedrooms year_built
rental_listings: listing_id postcode rent_per_month sqm furnished listed_on
tenants: tenant_id lease_start lease_end deposit arrears

kunden: kunden_nr name strasse plz ort geburtsdatum
bestellungen: bestell_nr kunden_nr bestelldatum betrag waehrung
rechnungen: rechnungs_nr bestell_nr faellig_am bezahlt_am mahnstufe
lagerbestand: artikel_nr menge lagerort stand_vom
mitarbeiter: personal_nr abteilung eintritt austritt gehalt
clientes: id_cliente nombre apellido ciudad fecha_alta
pedidos: id_pedido id_cliente fecha importe estado
facturas: id_factura id_pedido fecha_emision iva total

tbl_0017: k v1 v2 v3 | Air quality per street: fine dust and nitrogen oxide. | v1 = fine dust in micrograms; v2 = nitrogen dioxide
stg_x9_final: a b c | | a = licence plate of the car; b = parking garage; c = minutes parked | #parking
museum_visits: day visitors exhibition ticket_revenue
crop_yields: field_id season crop tonnes_per_ha irrigation fertiliser_kg
soil_samples: field_id sampled_on ph nitrogen phosphorus
football_matches: match_id season home_team away_team home_goals away_goals attendance
player_stats: player_id match_id minutes_played goals assists yellow_cards
`;

/** The tables, in the order of the lines. */
export const tables: readonly LabelledTable[] = lines
  .split("\n")
  .filter((line) => line.trim() !== "")
  .map((line) => {
    const [head, ...texts] = line.split("|").map((part) => part.trim()) as [string, ...string[]];
    const [name, columns] = head.split(":").map((part) => part.trim()) as [string, string];
    const marks = texts.flatMap((text) => (/^[@#]/.test(text) ? text.split(/\s+/) : []));
    const [description, about] = texts.filter((text) => !/^[@#]/.test(text));
    return {
      name: name.replace(/(\p{Ll})(\p{Lu})/gu, "$1_$2").toLowerCase(),
      columns: columns.split(/\s+/),
      description: description || null,
      owner: marks.find((mark) => mark.startsWith("@"))?.slice(1) ?? null,
      tags: marks.filter((mark) => mark.startsWith("#")).map((mark) => mark.slice(1)),
      about: Object.fromEntries(
        (about ?? "")
          .split(";")
          .filter((part) => part.includes("="))
          .map((part) => part.split("=").map((side) => side.trim()) as [string, string]),
      ),
    };
  });
