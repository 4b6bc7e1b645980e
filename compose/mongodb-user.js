// Run by mongosh once, on an empty volume: makes the one user that Gatehouse needs, for its one database.
const pwd = fs.readFileSync('/run/secrets/mongodb_password', 'utf8').trim()
db.getSiblingDB('gatehouse').createUser({ user: 'gatehouse', pwd, roles: ['readWrite'] })
