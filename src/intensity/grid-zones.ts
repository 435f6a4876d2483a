/**
 * Grid zones below the national level, where one country has several: Electricity Maps, annual average of 2025, life cycle,
 * consumption-based with imports traced (data portal, ODbL 1.0, https://portal.electricitymaps.com/datasets); grams of CO2e per
 * kilowatt-hour. Zones that are a whole country are not repeated here: they go by their country code.
 */
type GridZoneRow = readonly [zone: string, name: string, gramsPerKwh: number];

export const gridZoneRows: readonly GridZoneRow[] = [
  ["AU-NSW", "New South Wales, Australia", 525],
  ["AU-VIC", "Victoria, Australia", 474],
  ["BR-CS", "Central Brazil", 106],
  ["CA-AB", "Alberta, Canada", 385],
  ["CA-ON", "Ontario, Canada", 111],
  ["CA-QC", "Québec, Canada", 41],
  ["CL-SEN", "Sistema Eléctrico Nacional, Chile", 259],
  ["DK-DK2", "East Denmark", 144],
  ["IN-NO", "Northern India", 508],
  ["IN-SO", "Southern India", 489],
  ["IN-WE", "Western India", 653],
  ["IT-NO", "North Italy", 275],
  ["JP-KN", "Kansai, Japan", 370],
  ["JP-TK", "Tokyo, Japan", 535],
  ["MY-WM", "Peninsular Malaysia", 651],
  ["NO-NO1", "Southeast Norway", 24],
  ["NO-NO2", "Southwest Norway", 29],
  ["SE-SE3", "South Central Sweden", 20],
  ["US-CAL-CISO", "CAISO, California", 208],
  ["US-CAL-LDWP", "Los Angeles Department of Water and Power", 355],
  ["US-CAR-SCEG", "Dominion Energy South Carolina", 466],
  ["US-CENT-SWPP", "Southwest Power Pool", 477],
  ["US-MIDA-PJM", "PJM, Mid-Atlantic and Virginia", 418],
  ["US-MIDW-MISO", "MISO, Midwest", 501],
  ["US-NW-BPAT", "Bonneville Power Administration, Pacific Northwest", 129],
  ["US-NW-NEVP", "Nevada Power", 435],
  ["US-NW-PACE", "PacifiCorp East, Utah and Wyoming", 618],
  ["US-NW-PACW", "PacifiCorp West, Oregon", 204],
  ["US-SE-SOCO", "Southern Company, Georgia and Alabama", 470],
  ["US-SW-AZPS", "Arizona Public Service", 393],
  ["US-TEX-ERCO", "ERCOT, Texas", 363],
];
