/**
 * Words that a new installation takes for one thing, by group; a team edits them with set_synonyms. Each stands in the
 * singular. Among them are the abbreviations that tables are named with, and a few German and Spanish names.
 */
export const seeds: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  `absence: absence leave vacation holiday sickness pto
account: account acct acc konto cuenta
address: address addr adresse direccion location
age: age birthdate birthday dob birth
agent: agent representative rep
amount: amount amt sum total betrag importe monto
approval: approval authorization authorisation consent
article: product item article sku artikel producto prod merchandise
asset: asset equipment machine device apparatus hardware anlage
bank: bank lender
bike: bike bicycle cycle fahrrad bicicleta
bill: invoice bill billing rechnung factura inv
booking: booking reservation appointment buchung reserva
branch: branch store shop outlet filiale tienda
campaign: campaign promotion promo advertisement ad
cancel: churn attrition cancellation cancel exited churned defection unsubscribe kuendigung
car: car vehicle automobile auto fahrzeug coche vehiculo truck
case: complaint ticket case issue incident grievance
category: category cat class segment group kategorie categoria
city: city town municipality stadt ciudad ort
claim: claim loss schaden siniestro
class: course class lecture lesson curso
click: click clickstream pageview impression visit
clinic: hospital clinic ward infirmary krankenhaus
company: company firm enterprise corporation organisation organization org firma empresa
contract: contract subscription agreement vertrag contrato plan
count: count cnt number num quantity qty menge cantidad volume
country: country nation land pais
course_mark: grade mark score result note nota
credit: credit loan lending mortgage kredit prestamo
currency: currency money fx forex
customer: customer client subscriber buyer user shopper consumer member cust kunde cliente
date: date day dt datum fecha
delay: delay late lateness tardy overdue verspaetung retraso
delete: deleted removed
delivery: shipment delivery shipping consignment dispatch lieferung envio freight
demand: demand usage consumption verbrauch consumo
department: department dept division unit abteilung departamento
diagnosis: diagnosis diag illness disease condition ailment
discount: discount rebate rabatt descuento
doctor: doctor physician practitioner clinician arzt medico
drug: drug medication medicine pharmaceutical prescription rx
email: email mail newsletter
employee: employee staff worker personnel emp mitarbeiter empleado workforce
energy: energy electricity power strom energia kwh
exam: exam test quiz assessment pruefung examen
failure: failure breakdown fault defect malfunction outage
flight: flight plane aircraft flug vuelo
fraud: fraud scam fraudulent swindle
gender: gender sex geschlecht genero
grid: smartmeter metering meter
hire: hire hiring recruitment recruiting applicant candidate
hotel: hotel lodging accommodation hostel
hour: hour hr stunde hora
income: revenue income earning turnover umsatz ingreso
insurance: insurance policy coverage versicherung poliza seguro
lab: lab laboratory
location: location place site standort
login: login signin logon session
maintenance: maintenance repair servicing upkeep wartung mantenimiento
manager: manager mgr boss supervisor
month: month mnth monat mes
name: name nm bezeichnung nombre
order: order purchase ord bestellung pedido auftrag
patient: patient pat inpatient outpatient paciente
payment: payment pay pmt zahlung pago remittance
pension: pension retirement
person: person people individual
phone: phone telephone tel mobile cell telefon telefono
photo: image photo picture
player: player gamer
post: post postal zip postcode plz
price: price cost charge fee tariff fare preis precio
project: project proj projekt proyecto
property: property realestate house housing apartment home dwelling
provider: supplier vendor lieferant proveedor
pupil: student pupil learner schueler estudiante alumno
rating: rating review feedback star
reading: reading measurement measure observation messwert
region: region area territory district zone gebiet
reorder: replenishment restock reorder
return: return refund returned retoure devolucion
road: road street route strasse calle
salary: salary wage payroll compensation remuneration gehalt salario nomina
sale: sale sold verkauf venta
sensor: sensor probe telemetry iot
shop: retail ecommerce
sickness: symptom complaint
speed: speed velocity geschwindigkeit
stock: inventory stock warehouse storage lager almacen inv
survey: survey questionnaire poll umfrage encuesta
tax: tax vat steuer impuesto duty
teacher: teacher instructor professor lecturer tutor lehrer profesor
telecom: telco telecom telecommunication
temperature: temperature temp temperatur temperatura heat
termination: termination expiry expiration end
time: time timestamp ts moment
track: song track
transaction: transaction txn trx tx tran transaktion
traffic: traffic congestion
transport: carrier shipper courier haulier
trip: trip ride journey travel fahrt viaje
weather: weather climate meteorological wetter clima
web: web website site page
year: year yr jahr ano`
    .split("\n")
    .map((line) => {
      const [group, words] = line.split(": ") as [string, string];
      return [group.trim(), [...new Set(words.split(" "))]];
    }),
);
