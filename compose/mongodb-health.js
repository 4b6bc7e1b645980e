// Run by mongosh again and again. Healthy is: writable. On the first start this also makes the replica set.
const admin = connect('mongodb://127.0.0.1:27017/admin?directConnection=true')
admin.auth('root', fs.readFileSync('/run/secrets/mongodb_root_password', 'utf8').trim())
try {
  admin.adminCommand({ replSetGetStatus: 1 })
} catch (error) {
  if (error.codeName !== 'NotYetInitialized') throw error
  admin.adminCommand({ replSetInitiate: { _id: 'gatehouse', members: [{ _id: 0, host: 'mongodb:27017' }] } })
}
quit(admin.hello().isWritablePrimary ? 0 : 1)
