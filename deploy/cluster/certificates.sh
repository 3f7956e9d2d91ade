#!/bin/sh
# Makes what the nodes of a cluster know one another by, with openssl alone.
#
#   ./certificates.sh ca                              cluster-ca.pem, cluster-ca.key and gossip.key
#   ./certificates.sh node NAME JURISDICTION [HOST…]  NAME.crt and NAME.key; again to renew them
#
# NAME is what the node's configuration says (name), JURISDICTION a country code or EU.
# HOST are the names and addresses by which leaves call the node, if it is their hub.
# Without any the ones of NAME.crt are kept, if that is there, so that a hub which is
# renewed is not lost to its leaves. To have none, move NAME.crt away first.
# Everything is written to the current folder. A node gets its own certificate and key,
# cluster-ca.pem and, unless it is a leaf, gossip.key. cluster-ca.key stays away from all
# of them: whoever has it can make members.
set -eu
umask 077

fail() {
	echo "certificates.sh: $1" >&2
	exit 2
}

usage="usage: certificates.sh ca | certificates.sh node NAME JURISDICTION [HOST...]"

ca() {
	for f in cluster-ca.pem cluster-ca.key gossip.key; do
		[ ! -e "$f" ] || fail "$f is there already and is not written over: every node of the cluster depends on it"
	done
	cat >"$work/ca.cnf" <<-END
		[req]
		distinguished_name = subject
		x509_extensions = extensions
		prompt = no
		[subject]
		CN = Edgetrust cluster CA
		[extensions]
		basicConstraints = critical, CA:TRUE, pathlen:0
		keyUsage = critical, keyCertSign, cRLSign
		subjectKeyIdentifier = hash
	END
	openssl ecparam -name prime256v1 -genkey -noout -out "$work/ca.key"
	openssl req -new -x509 -sha256 -config "$work/ca.cnf" -key "$work/ca.key" -days 3650 -out "$work/ca.pem"
	head -c 32 /dev/urandom | base64 >gossip.key
	mv "$work/ca.key" cluster-ca.key
	mv "$work/ca.pem" cluster-ca.pem
	chmod 644 cluster-ca.pem
	echo "made cluster-ca.pem, cluster-ca.key and gossip.key"
}

node() {
	name=$1 jurisdiction=$2
	shift 2
	case $name in '' | -* | *[!A-Za-z0-9._-]*) fail "NAME is letters, digits, -, _ and ." ;; esac
	case $jurisdiction in [A-Z][A-Z]) ;; *) fail "JURISDICTION is two upper-case letters, a country's or EU" ;; esac
	[ -e cluster-ca.key ] || fail "cluster-ca.key is not here; make it with: certificates.sh ca"
	if [ $# -eq 0 ] && [ -e "$name.crt" ]; then
		kept=$(openssl x509 -in "$name.crt" -noout -ext subjectAltName 2>"$work/log" | tr ',' '\n' |
			sed -n -e 's/^ *DNS://p' -e 's/^ *IP Address://p' | sed "1{/^$name\$/d;}")
		[ -n "$kept" ] || openssl x509 -in "$name.crt" -noout 2>/dev/null || fail "$name.crt cannot be read, so that its names cannot be kept: name every HOST, or move it away"
		set -f # a name is no pattern
		set -- $kept
		set +f
		[ $# -eq 0 ] || echo "keeping the names of $name.crt: $*"
	fi
	# The name of the node comes first: that is where it is looked for.
	names="DNS:$name"
	for host in "$@"; do
		case $host in
		'' | *[!A-Za-z0-9._:-]*) fail "HOST is a name or an address, without a port" ;;
		*:*) names="$names,IP:$host" ;;
		*[!0-9.]*) names="$names,DNS:$host" ;;
		*) names="$names,IP:$host" ;;
		esac
	done
	cat >"$work/node.cnf" <<-END
		[req]
		distinguished_name = subject
		prompt = no
		[subject]
		CN = $name
		[extensions]
		basicConstraints = critical, CA:FALSE
		keyUsage = critical, digitalSignature
		extendedKeyUsage = serverAuth, clientAuth
		subjectAltName = $names,URI:urn:edgetrust:jurisdiction:$jurisdiction
	END
	openssl ecparam -name prime256v1 -genkey -noout -out "$work/node.key"
	openssl req -new -sha256 -config "$work/node.cnf" -key "$work/node.key" -out "$work/node.csr"
	openssl x509 -req -sha256 -in "$work/node.csr" -CA cluster-ca.pem -CAkey cluster-ca.key -set_serial "0x$(openssl rand -hex 16)" \
		-days 90 -extfile "$work/node.cnf" -extensions extensions -out "$work/node.crt" 2>"$work/log" || fail "openssl: $(cat "$work/log")"
	mv "$work/node.key" "$name.key"
	mv "$work/node.crt" "$name.crt"
	chmod 644 "$name.crt"
	echo "made $name.crt and $name.key, good for 90 days"
}

work=$(mktemp -d ./.certificates-XXXXXX)
trap 'rm -rf "$work"' EXIT # keys are made there, which nobody shall find who interrupts this
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
case ${1-} in
ca)
	[ $# -eq 1 ] || fail "$usage"
	ca
	;;
node)
	[ $# -ge 3 ] || fail "$usage"
	shift
	node "$@"
	;;
*) fail "$usage" ;;
esac
