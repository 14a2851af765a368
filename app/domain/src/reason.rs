//! Every rule that can say no, with its words in both languages: what to do, not what went wrong.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::code::Code;
use crate::error::ErrorCode;
use crate::lang::Lang;
use crate::message::{MessageKind, WordingError};
use crate::screening::Group;
use crate::time::{civil, day_text, hour_minute};
use crate::work::Challenge;

/// Which rule said no. On the wire `{"rule": "…", …}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Reason {
    // values
    /// The body is not what this call takes.
    Malformed,
    /// A field is missing.
    Missing,
    /// A name of the wrong length.
    NameLength,
    /// A name with a character that stands in no name.
    NameCharacter,
    /// Not a mobile number of mainland China.
    Phone,
    /// An address of the wrong length.
    AddressLength,
    /// An address with something other than Chinese characters and digits.
    AddressCharacter,
    /// Not one of the city's divisions.
    County,
    /// An identity number of the wrong length for its kind.
    DocumentLength,
    /// An identity number with a character that its kind has not.
    DocumentCharacter,
    /// The last character does not fit the others: a slip of the pen.
    DocumentCheck,
    /// The date inside the number does not exist.
    DocumentDate,
    /// A first-generation number of 15 digits.
    DocumentOld,
    /// The document tells no date of birth, so it must be given.
    BirthDateMissing,
    /// A date of birth in the future or before 1880.
    BirthDate,
    /// Not a booking code, or one mistyped.
    CodeShape,
    /// Not a pass of this service, or one that was changed.
    PassShape,
    /// The vaccine has no such dose.
    DoseNumber,
    /// A date that cannot be.
    Date,
    /// Consent was given to a text that is no longer in force.
    ConsentVersion,
    /// The notice was not agreed to.
    ConsentMissing,
    /// The processing of sensitive data was not agreed to on its own, or to a text that is no longer in force.
    SensitiveConsent,
    /// A note that is too long, or has a control character.
    NoteLength,
    /// A note with something in it that looks like somebody's number.
    NoteNumber,
    /// A text of messages that cannot be used.
    Wording {
        /// Of which kind of message.
        kind: MessageKind,
        /// What is wrong with it.
        wrong: Box<WordingError>,
    },
    /// The same request id came with different content.
    RequestReused,
    /// The document is that of another person in the list.
    AlreadyListed,
    /// A city's app has vouched for who this is: it can be changed there only.
    Identified,
    /// More people than one account may keep.
    TooManyPeople {
        /// The limit.
        most: u32,
    },
    // accounts
    /// Nobody is signed in.
    SignIn,
    /// The code from the message is wrong, used or too old.
    SignInCode,
    /// Too many wrong codes or passwords, or too many codes asked for.
    TooMany {
        /// Seconds to wait.
        wait_s: u32,
    },
    /// Codes are asked for so often just now that the device has to do some work first.
    Work {
        /// What is to be worked out.
        challenge: Box<Challenge>,
    },
    /// User name or password wrong.
    Password,
    /// A password that is too short, or too long.
    PasswordLength,
    /// A password that would be tried first.
    PasswordEasy,
    /// The second factor is on: the six digits, or a recovery code, are needed as well.
    OtpNeeded,
    /// The six digits are wrong, too old, or were used before.
    Otp,
    /// The role needs a second factor, and none is on yet.
    SecondFactorNeeded,
    /// The second factor is on already.
    SecondFactorOn,
    /// There is no second factor to confirm or to turn off.
    SecondFactorOff,
    /// The screen is locked.
    Locked,
    /// The PIN is wrong.
    Pin {
        /// Tries until the session ends.
        left: u32,
    },
    /// Not six digits.
    PinShape,
    /// A PIN that would be tried first.
    PinEasy,
    /// The session is bound to no site yet.
    SiteNotChosen,
    /// Not allowed to this role, or not at this site.
    NotAllowed,
    /// Nothing there under that name.
    NotFound,
    // slots
    /// The last place went to another.
    SlotFull,
    /// The site closed this window.
    SlotClosed,
    /// This window is not released yet.
    SlotLater {
        /// When it opens.
        opens_at: DateTime<Utc>,
    },
    /// The window has begun or is over.
    SlotPast,
    /// The new window is for another vaccine.
    OtherVaccine,
    /// The new window is the old one.
    SameSlot,
    // bookings
    /// This person has this dose booked or given already; `code` only where the caller owns that booking.
    AlreadyBooked {
        /// The caller's own booking, if it is theirs.
        code: Option<Code>,
    },
    /// The person still has a live booking.
    PersonHasBooking,
    /// A booking of the account is not over yet.
    BookingAhead {
        /// Which.
        code: Code,
    },
    /// A later dose is booked on the strength of this one.
    LaterDoseBooked,
    /// The booking is cancelled.
    Cancelled,
    /// The day is over and nobody came.
    Missed,
    /// The jab is recorded already.
    Redeemed,
    /// No jab is recorded that could be taken back.
    NotRedeemed,
    /// The booking changed while the request was on its way.
    ChangedMeanwhile,
    // eligibility
    /// Under the age for this vaccination on that day.
    UnderAge {
        /// The age from which it is given.
        from_age: u32,
        /// The first day on which the person has it.
        from: NaiveDate,
    },
    /// One of the five groups of contraindication.
    Contraindicated {
        /// Which group.
        group: Group,
    },
    /// The dose before is neither given, nor booked, nor declared.
    PreviousDose {
        /// The dose before.
        dose: u8,
    },
    /// Before the first day of the window.
    TooEarly {
        /// The first day.
        from: NaiveDate,
    },
    /// After the last day of the window.
    TooLate {
        /// The last day.
        by: NaiveDate,
    },
    /// The course was begun with another product.
    MixedCourse,
    // check-in
    /// The booking is for another day.
    OtherDay {
        /// Its day.
        date: NaiveDate,
    },
    /// The booking is for another site.
    OtherSite,
    /// The QR is from before the booking was moved.
    PassOutdated {
        /// The day for which it is booked now.
        date: NaiveDate,
    },
    /// A jab that is sent afterwards was given at a time that cannot be.
    LateTime,
    /// Without a network: the code is not among those that the tablet took along. Made in the browser only.
    NotTakenAlong,
    /// There is no jab yet after which somebody could be let go.
    NoJabYet,
    /// A lot number with something in it that stands on no box.
    LotShape,
    /// None of the lots that the site has open.
    LotNotOpen,
    /// A lot that may be given no more.
    LotExpired {
        /// Its last day.
        on: NaiveDate,
    },
    /// A lot of no dose, or of too many.
    LotDoses {
        /// How many may be opened under one number.
        most: u32,
    },
    /// The site has this lot open already.
    LotOpen,
    // the house
    /// The queue is full, or the service is stopping.
    Busy,
    /// Our fault.
    Internal,
    /// The network failed, or something between us answered instead of the service. Made in the browser only.
    Network,
}

impl Reason {
    /// The code that this reason is reported under.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::SignIn | Self::Password | Self::OtpNeeded | Self::Otp | Self::Locked | Self::Pin { .. } => {
                ErrorCode::SignInRequired
            }
            Self::TooMany { .. } | Self::Work { .. } => ErrorCode::TooMany,
            Self::NotAllowed | Self::OtherSite | Self::SecondFactorNeeded | Self::SiteNotChosen => ErrorCode::Forbidden,
            Self::NotFound | Self::NotTakenAlong => ErrorCode::NotFound,
            Self::SlotFull => ErrorCode::SlotFull,
            Self::AlreadyBooked { .. } => ErrorCode::AlreadyBooked,
            Self::Redeemed => ErrorCode::AlreadyRedeemed,
            Self::SlotClosed
            | Self::SlotLater { .. }
            | Self::SlotPast
            | Self::SameSlot
            | Self::PersonHasBooking
            | Self::BookingAhead { .. }
            | Self::LaterDoseBooked
            | Self::Cancelled
            | Self::Missed
            | Self::NotRedeemed
            | Self::ChangedMeanwhile
            | Self::SecondFactorOn
            | Self::SecondFactorOff
            | Self::NoJabYet
            | Self::LotOpen
            | Self::OtherDay { .. }
            | Self::PassOutdated { .. } => ErrorCode::WrongState,
            Self::UnderAge { .. }
            | Self::Contraindicated { .. }
            | Self::PreviousDose { .. }
            | Self::TooEarly { .. }
            | Self::TooLate { .. }
            | Self::MixedCourse => ErrorCode::Ineligible,
            Self::Busy | Self::Network => ErrorCode::Busy,
            Self::Internal => ErrorCode::Internal,
            _ => ErrorCode::Invalid,
        }
    }

    /// The words for the reader.
    pub fn text(&self, lang: Lang) -> String {
        let said = match self {
            Self::Malformed => lang.pick(
                "请求的内容读不懂，请刷新页面后再试",
                "This request could not be read. Reload the page and try again",
            ),
            Self::Missing => lang.pick("请填写这一项", "Fill in this field"),
            Self::NameLength => lang.pick("请填写 2 到 50 个字的姓名，与证件一致", "Enter the name as on the document, 2 to 50 characters"),
            Self::NameCharacter => lang.pick("姓名里有不能用的符号，请按证件填写", "Remove the symbol from the name; write it as on the document"),
            Self::Phone => lang.pick(
                "请填写 11 位手机号，例如 138 0000 0000",
                "Enter a mainland mobile number of 11 digits, such as 138 0000 0000",
            ),
            Self::AddressLength => lang.pick("请填写 5 到 60 个字的详细地址", "Enter the address in 5 to 60 characters"),
            Self::AddressCharacter => lang.pick(
                "详细地址只能用汉字和数字，请删去字母、空格、标点和表情",
                "Use Chinese characters and digits only; remove letters, spaces, punctuation and emoji",
            ),
            Self::County => lang.pick("请选择现居住的县市区", "Choose the county of residence"),
            Self::DocumentLength => lang.pick(
                "证件号码的位数不对，请对照证件检查",
                "Check the number against the document: its length is not right",
            ),
            Self::DocumentCharacter => lang.pick(
                "证件号码里有不该有的字符，请对照证件检查",
                "Check the number against the document: one character cannot be right",
            ),
            Self::DocumentCheck => lang.pick(
                "证件号码有一位不对，请对照证件逐位检查",
                "One digit of the number is wrong; compare it with the document digit by digit",
            ),
            Self::DocumentDate => lang.pick(
                "证件号码里的出生日期不存在，请检查第 7 到 14 位",
                "Check digits 7 to 14 of the number: that date of birth does not exist",
            ),
            Self::DocumentOld => lang.pick(
                "15 位的旧身份证已停用，请填写 18 位号码",
                "The old 15-digit number is no longer valid; enter the 18-digit one",
            ),
            Self::BirthDateMissing => lang.pick(
                "这种证件上没有出生日期，请另外填写",
                "This document does not tell the date of birth; enter it as well",
            ),
            Self::BirthDate => lang.pick("请填写正确的出生日期", "Enter the real date of birth"),
            Self::CodeShape => lang.pick(
                "预约码是 10 位，请对照短信或二维码下方检查",
                "The booking code has 10 characters; compare it with the message or the QR code",
            ),
            Self::PassShape => lang.pick(
                "这不是本平台的预约二维码，或已损坏，请改输预约码",
                "This is not a booking QR code of this service, or it is damaged; type the booking code",
            ),
            Self::DoseNumber => lang.pick("这种疫苗没有这一剂次，请重新选择", "This vaccine has no such dose; choose again"),
            Self::Date => lang.pick("请填写正确的日期", "Enter a real date"),
            Self::ConsentMissing => lang.pick("还没有同意告知书，同意后请勾选", "The information notice is not agreed to yet; tick it when it is"),
            Self::ConsentVersion => lang.pick("告知书已更新，请重新阅读并同意", "The information notice has changed; read it and agree again"),
            Self::NoteLength => lang.pick("请用不超过 100 个字、不换行地写明原因", "Say why in 100 characters at most, on one line"),
            Self::NoteNumber => lang.pick("原因里请不要写证件号码、手机号等号码", "Leave document and phone numbers out of the reason"),
            Self::Wording { kind, wrong } => {
                return match lang {
                    Lang::Zh => format!("这段文字{}", wrong.text(*kind, lang)),
                    Lang::En => format!("This text {}", wrong.text(*kind, lang)),
                };
            }
            Self::SensitiveConsent => lang.pick(
                "请先阅读并单独同意处理证件、健康等敏感个人信息",
                "Read and agree, on its own, to the use of sensitive data such as documents and health",
            ),
            Self::RequestReused => lang.pick(
                "这次提交与前一次内容不同，请回到上一步重新提交",
                "This was submitted before with other content; go back one step and submit again",
            ),
            Self::AlreadyListed => lang.pick(
                "名单里已有用这个证件的人，请直接选择",
                "Somebody with this document is in your list already; choose them there",
            ),
            Self::Identified => lang.pick(
                "您的姓名、证件和手机号由城市 App 核实过，请保持不变；如有误，请在 App 里更正后再打开",
                "The city's app has confirmed your name, document and phone; leave them as they are. If they are wrong, correct them in the app and open this again",
            ),
            Self::TooManyPeople { most } => {
                return match lang {
                    Lang::Zh => format!("一个账号最多登记 {most} 位家人，请先删去一位"),
                    Lang::En => format!("One account can keep {most} people; remove one first"),
                };
            }
            Self::SignIn => lang.pick("请先用手机号登录，已填写的内容会保留", "Sign in with your phone first; what you typed is kept"),
            Self::SignInCode => lang.pick(
                "验证码不对或已过期，请检查短信，或重新获取",
                "The code is wrong or too old; check the message or get a new one",
            ),
            Self::TooMany { wait_s } => {
                let (n, zh, en) = if *wait_s < 120 {
                    (*wait_s, "秒", "seconds")
                } else {
                    (wait_s.div_ceil(60), "分钟", "minutes")
                };
                return match lang {
                    Lang::Zh => format!("操作太频繁，请 {n} {zh}后再试"),
                    Lang::En => format!("Too many tries; wait {n} {en}"),
                };
            }
            Self::Work { .. } => lang.pick(
                "现在获取验证码的人很多，请稍等几秒再试一次",
                "Very many ask for codes just now; wait a few seconds and try again",
            ),
            Self::Password => lang.pick("用户名或密码不对，请再试一次", "User name or password is wrong; try again"),
            Self::PasswordLength => lang.pick("密码请用 8 到 128 个字符", "Use 8 to 128 characters"),
            Self::PasswordEasy => lang.pick(
                "这个密码太容易猜到，请换一个：例如几个不相干的词连在一起，不要用姓名、用户名、生日或键盘上的顺序",
                "This password is easy to guess; use several unrelated words, and no names, birthdays or rows of keys",
            ),
            Self::OtpNeeded => lang.pick(
                "请再填写动态口令：验证器应用里的 6 位数字",
                "Enter the one-time code as well: 6 digits from your authenticator app",
            ),
            Self::Otp => lang.pick(
                "动态口令不对或已用过，请等下一个 6 位数字，或改用恢复码",
                "The one-time code is wrong or was used before; wait for the next 6 digits, or use a recovery code",
            ),
            Self::SecondFactorNeeded => lang.pick("请先绑定动态口令，再开始工作", "Set up the one-time code first, then start work"),
            Self::SecondFactorOn => lang.pick(
                "动态口令已开启；要换手机，请先关闭再重新绑定",
                "The one-time code is on already; to change phones, turn it off and set it up again",
            ),
            Self::SecondFactorOff => lang.pick("动态口令还没有开启，请先绑定", "The one-time code is not on; set it up first"),
            Self::Locked => lang.pick("屏幕已锁定，请输入 PIN 码或密码解锁", "The screen is locked; enter your PIN or password"),
            Self::Pin { left } => {
                return match lang {
                    Lang::Zh => format!("PIN 码或密码不对，再错 {left} 次就要重新登录"),
                    Lang::En => format!("PIN or password is wrong; after {left} more you must sign in again"),
                };
            }
            Self::PinShape => lang.pick("请填写 6 位数字", "Enter 6 digits"),
            Self::PinEasy => lang.pick(
                "这个 PIN 码太容易猜到，请不要用连号、重复数字或生日",
                "This PIN is easy to guess; use no runs, repeated digits or birthdays",
            ),
            Self::SiteNotChosen => lang.pick("请先选择今天所在的接种点", "Choose the site where you work today first"),
            Self::NotAllowed => lang.pick("您没有这项权限，请联系接种点负责人", "You are not allowed to do this; ask the site's manager"),
            Self::NotFound => lang.pick("没有找到，请检查后再试", "Not found; check and try again"),
            Self::SlotFull => lang.pick("这个时段刚刚约满，请另选一个", "This time has just been taken; choose another"),
            Self::SlotClosed => lang.pick("这个时段接种点已停约，请另选一个", "The site has closed this time; choose another"),
            Self::SlotLater { opens_at } => {
                let at = civil(*opens_at);
                let (day, time) = (day_text(at.date(), lang), hour_minute(at.time()));
                return match lang {
                    Lang::Zh => format!("这个时段还没放号，{day} {time} 开始预约"),
                    Lang::En => format!("This time is not open yet; booking starts {day} {time}"),
                };
            }
            Self::SlotPast => lang.pick("这个时段已经开始或结束，请另选一个", "This time has begun or is over; choose another"),
            Self::OtherVaccine => lang.pick("改期只能选同一种疫苗的时段", "Choose a time with the same vaccine"),
            Self::SameSlot => lang.pick("这就是现在的时段，请另选一个", "That is the present time; choose another"),
            Self::AlreadyBooked { code: Some(_) } => lang.pick(
                "这位接种人这一剂已有预约，可查看、改期或取消",
                "This person already has this dose booked; see it, move it or cancel it",
            ),
            Self::AlreadyBooked { code: None } => lang.pick(
                "这位接种人这一剂已有预约，请在预约时用的手机上查看；不清楚请拨打服务热线",
                "This person already has this dose booked, from another phone; look there or call the hotline",
            ),
            Self::PersonHasBooking => lang.pick("这位接种人还有未完成的预约，请先取消", "This person still has a booking; cancel it first"),
            Self::BookingAhead { code } => {
                return match lang {
                    Lang::Zh => format!("预约 {} 还没有结束：请先取消，或等接种日过后再删除", code.grouped()),
                    Lang::En => format!("Booking {} is not over: cancel it, or come back after its day", code.grouped()),
                };
            }
            Self::LaterDoseBooked => lang.pick(
                "后一剂已按这一剂预约，请先取消或调整后一剂",
                "A later dose is booked after this one; cancel or move that one first",
            ),
            Self::Cancelled => lang.pick("这个预约已取消", "This booking was cancelled"),
            Self::Missed => lang.pick("这个预约的日期已过，请重新预约", "The day of this booking is over; book again"),
            Self::NotRedeemed => lang.pick(
                "这个预约还没有核销，不用撤销",
                "No jab is recorded for this booking, so there is nothing to take back",
            ),
            Self::ChangedMeanwhile => lang.pick(
                "这个预约刚刚有变动，请重新打开后再试",
                "This booking has just changed; open it again and try once more",
            ),
            Self::Redeemed => lang.pick("这个预约已经核销", "This booking was already marked done"),
            Self::UnderAge { from_age, from } => {
                return match lang {
                    Lang::Zh => format!("接种当天须满 {from_age} 周岁，这位接种人 {from} 起可以预约"),
                    Lang::En => format!("One must be {from_age} or older on the day; this person can come from {from}"),
                };
            }
            Self::Contraindicated { group } => {
                return match lang {
                    Lang::Zh => format!("因为“{}”，现在不能预约接种，请先咨询医生或接种点", group.title(lang)),
                    Lang::En => {
                        format!("Because of “{}” a booking is not possible now; ask a doctor or the site", group.title(lang))
                    }
                };
            }
            Self::PreviousDose { dose } => {
                return match lang {
                    Lang::Zh => format!("还没有第 {dose} 剂的记录，请先预约第 {dose} 剂，或填写它的接种日期"),
                    Lang::En => format!("There is no record of dose {dose}; book it first, or enter the date it was given"),
                };
            }
            Self::TooEarly { from } => {
                return match lang {
                    Lang::Zh => format!("与上一剂的间隔还不够，最早 {from} 可以接种"),
                    Lang::En => format!("Too soon after the dose before; the first possible day is {from}"),
                };
            }
            Self::TooLate { by } => {
                return match lang {
                    Lang::Zh => format!("这一剂应在 {by} 前完成，已超过，请联系接种点安排"),
                    Lang::En => format!("This dose was due by {by}; call the site to arrange it"),
                };
            }
            Self::MixedCourse => lang.pick(
                "前一剂是另一种疫苗，请选择同一种疫苗",
                "The course was begun with another vaccine; choose the same one",
            ),
            Self::OtherDay { date } => {
                return match lang {
                    Lang::Zh => format!("这个预约是 {} 的，不是今天", day_text(*date, lang)),
                    Lang::En => format!("This booking is for {}, not today", day_text(*date, lang)),
                };
            }
            Self::PassOutdated { date } => {
                return match lang {
                    Lang::Zh => format!("这个二维码是改期前的，现在约的是 {}，请打开最新的二维码", day_text(*date, lang)),
                    Lang::En => {
                        format!("This QR code is from before the booking was moved to {}; open the new one", day_text(*date, lang))
                    }
                };
            }
            Self::OtherSite => lang.pick("这个预约在另一个接种点", "This booking is for another site"),
            Self::LateTime => lang.pick(
                "记录的时间不可信，请核对平板的时钟，并把这一条告诉接种点负责人",
                "The time of this record cannot be right; check the tablet's clock and tell the site's manager",
            ),
            Self::NotTakenAlong => lang.pick(
                "现在没有网络，离线名单里没有这个预约码；请扫二维码，或等网络恢复",
                "There is no network, and the code is not in the list taken along; scan the QR code, or wait for the network",
            ),
            Self::NoJabYet => lang.pick("还没有接种记录，请先核销", "No jab is recorded yet; record it first"),
            Self::LotShape => lang.pick(
                "请照盒子上的批号填写：字母、数字和 - / .，最多 30 位",
                "Enter the lot as on the box: letters, digits and - / . only, 30 at most",
            ),
            Self::LotNotOpen => lang.pick(
                "这个批号不在今天启用的批号里，请对照盒子重新选择，或请负责人启用",
                "This lot is not open at the site; compare it with the box and choose again, or ask the manager to open it",
            ),
            Self::LotExpired { on } => {
                return match lang {
                    Lang::Zh => format!("这个批号的有效期到 {on}，已过期，请换一盒"),
                    Lang::En => format!("This lot expired on {on}; take another box"),
                };
            }
            Self::LotDoses { most } => {
                return match lang {
                    Lang::Zh => format!("请填写 1 到 {most} 之间的支数"),
                    Lang::En => format!("Enter a number of doses from 1 to {most}"),
                };
            }
            Self::LotOpen => lang.pick("这个批号已经启用，不用再启用", "This lot is open already"),
            Self::Busy => lang.pick(
                "现在人太多，请稍候再试，已填写的内容会保留",
                "Very busy just now; try again shortly, what you typed is kept",
            ),
            Self::Internal => lang.pick(
                "系统出了点问题，请稍后再试，或拨打服务热线",
                "Something went wrong on our side; try again later or call the hotline",
            ),
            Self::Network => lang.pick(
                "网络断了，内容都还在，请联网后再试",
                "The network is gone; everything is kept, try again when it is back",
            ),
        };
        said.to_owned()
    }
}
